package strictyaml

import (
	"regexp"
	"strings"
)

var (
	envRef   = regexp.MustCompile(`\$?\$\{([^}]*)\}`)
	envName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	wholeEnv = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
)

// IsEnv reports whether a value as written is nothing but one reference to an environment variable, and to which.
func IsEnv(raw string) (name string, ok bool) {
	if !wholeEnv.MatchString(raw) {
		return "", false
	}
	return raw[2 : len(raw)-1], true
}

// expand replaces every ${NAME}; $${ stands for a literal ${. It returns what is wrong with each reference that can't be replaced.
func expand(raw string, env func(string) (string, bool)) (value string, wrong []string) {
	if env == nil || !strings.Contains(raw, "${") {
		return raw, nil
	}
	value = envRef.ReplaceAllStringFunc(raw, func(m string) string {
		if strings.HasPrefix(m, "$$") {
			return m[1:]
		}
		name := m[2 : len(m)-1]
		if !envName.MatchString(name) {
			wrong = append(wrong, m+" is not the name of an environment variable")
			return m
		}
		v, ok := env(name)
		if !ok {
			wrong = append(wrong, "the environment variable "+name+" is not set")
		}
		return v
	})
	return value, wrong
}
