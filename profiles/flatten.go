package profiles

// flatten puts every innermost array and object of indented JSON on one line.
func flatten(in []byte) []byte {
	out := make([]byte, 0, len(in)/2)
	for i := 0; i < len(in); {
		c := in[i]
		if c == '[' || c == '{' {
			if end, ok := innermost(in, i); ok {
				out = appendFlat(out, in[i:end])
				i = end
				continue
			}
		}
		if c == '"' {
			end := stringEnd(in, i)
			out = append(out, in[i:end]...)
			i = end
			continue
		}
		out = append(out, c)
		i++
	}
	return out
}

// innermost finds the end of the array or object that begins at i, if it holds no other.
func innermost(in []byte, i int) (end int, ok bool) {
	for j := i + 1; j < len(in); {
		switch in[j] {
		case '"':
			j = stringEnd(in, j)
			continue
		case '[', '{':
			return 0, false
		case ']', '}':
			return j + 1, true
		}
		j++
	}
	return 0, false
}

func stringEnd(in []byte, i int) int {
	for j := i + 1; j < len(in); j++ {
		switch in[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(in)
}

func appendFlat(out, in []byte) []byte {
	for i := 0; i < len(in); {
		switch in[i] {
		case '"':
			end := stringEnd(in, i)
			out = append(out, in[i:end]...)
			i = end
			continue
		case '\n', ' ':
		case ',', ':':
			out = append(out, in[i])
			if in[i] == ':' || i+1 < len(in) && in[i+1] == '\n' {
				out = append(out, ' ')
			}
		default:
			out = append(out, in[i])
		}
		i++
	}
	return out
}
