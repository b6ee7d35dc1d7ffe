package job

import "path/filepath"

// This file has the folders where programs of a system keep things for a user. All
// take the system (runtime.GOOS) and the environment, and return "" where the user
// has no home.

// Environment looks a variable up, as os.LookupEnv does.
type Environment func(variable string) (string, bool)

// under joins a path to the folder that a variable names; "" if it names none. The
// XDG base directory specification ignores paths that are relative.
func (env Environment) under(variable string, parts ...string) string {
	root, _ := env(variable)
	if !filepath.IsAbs(root) {
		return ""
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// SettingsPath is the file of settings to read: what GOTOR_CONFIG says (named), or
// the place where this system keeps such files. "" is none.
func SettingsPath(goos string, env Environment) (path string, named bool) {
	switch v, _ := env("GOTOR_CONFIG"); v {
	case "":
	case "none":
		return "", true
	default:
		return v, true
	}
	if path := env.under("XDG_CONFIG_HOME", "gotor", "config"); path != "" {
		return path, false
	}
	switch goos {
	case "windows":
		return env.under("AppData", "gotor", "config"), false
	case "darwin", "ios":
		return env.under("HOME", "Library", "Application Support", "gotor", "config"), false
	}
	return env.under("HOME", ".config", "gotor", "config"), false
}

// StateDir is where a program of this system keeps what it remembers
// between runs.
func StateDir(goos string, env Environment) string {
	if dir := env.under("XDG_STATE_HOME", "gotor"); dir != "" {
		return dir
	}
	switch goos {
	case "windows":
		return env.under("LocalAppData", "gotor")
	case "darwin", "ios":
		return env.under("HOME", "Library", "Application Support", "gotor")
	}
	return env.under("HOME", ".local", "state", "gotor")
}

// CacheDir is where a program of this system keeps what it can do without.
func CacheDir(goos string, env Environment) string {
	if dir := env.under("XDG_CACHE_HOME", "gotor"); dir != "" {
		return dir
	}
	switch goos {
	case "windows":
		return env.under("LocalAppData", "gotor", "cache")
	case "darwin", "ios":
		return env.under("HOME", "Library", "Caches", "gotor")
	}
	return env.under("HOME", ".cache", "gotor")
}

// SocketPath is where a daemon of this user listens, and where others look for it; ""
// where no folder is known for it. What keeps a user's sockets is emptied at the end
// of a session, so what is left of a daemon that was killed goes by itself.
func SocketPath(goos string, env Environment) string {
	const name = "gotor.sock"
	if path := env.under("XDG_RUNTIME_DIR", name); path != "" {
		return path
	}
	if dir := StateDir(goos, env); dir != "" {
		return filepath.Join(dir, name)
	}
	return ""
}
