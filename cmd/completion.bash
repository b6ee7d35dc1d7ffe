
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

# The same for files: folders, and files with one of the endings in $1, which are
# separated by |; only folders with -d.
if ! declare -F _filedir >/dev/null 2>&1; then
    _filedir()
    {
        local IFS=$'\n' name ending
        for name in $(compgen -d -- "$cur"); do
            COMPREPLY+=("$name")
        done
        compopt -o filenames 2>/dev/null
        [[ ${1-} == -d ]] && return
        for name in $(compgen -f -- "$cur"); do
            [[ -d $name ]] && continue
            IFS='|'
            for ending in ${1-}; do
                [[ $name == *."$ending" ]] && COMPREPLY+=("$name")
            done
            IFS=$'\n'
        done
    }
fi
