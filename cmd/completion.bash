
# Without the bash-completion package nobody else defines this: it puts words
# together that bash has split at = and :, and names the current one and its place.
if ! declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
    _get_comp_words_by_ref()
    {
        local i=0 word glued=""
        words=() cword=0
        for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
            word=${COMP_WORDS[i]}
            # A separator, and what follows one, belong to the word before, unless
            # a blank stands between them.
            if ((i > 1)) && [[ ($word == [=:]* || -n $glued) && $COMP_LINE == *"${words[${#words[@]} - 1]}$word"* ]]; then
                words[${#words[@]} - 1]+=$word
            else
                words+=("$word")
            fi
            glued=""
            [[ $word == *[=:] ]] && glued=yes
            ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
        done
        cur=${words[cword]}
        prev=${words[cword - 1]}
    }
fi
