package staff

import "strings"

// The keys of the Latin keyboard and the letters the same keys type in the
// Russian one. Letters sit on punctuation keys, so a query changes layout
// before it is split into words.
const (
	latinKeys    = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`" + `{}:"<>~`
	cyrillicKeys = "йцукенгшщзхъфывапролджэячсмитьбюё" + `хъжэбюё`
)

// Other Cyrillic keyboards differ from the Russian one in these keys.
var cyrillicLayouts = []struct{ keys, letters string }{
	{`s]'\`, "іїєґ"},           // Ukrainian
	{"2345890-=", "әіңғүұқөһ"}, // Kazakh
	{"bo", "іў"},               // Belarusian
}

var (
	toCyrillic = keyboard(latinKeys, cyrillicKeys)
	toLatin    = func() map[rune]rune {
		m := keyboard(cyrillicKeys[:len(cyrillicKeys)-len(`хъжэбюё`)], latinKeys[:len(latinKeys)-len(`{}:"<>~`)])
		for _, l := range cyrillicLayouts {
			for from, to := range keyboard(l.letters, l.keys) {
				if _, ok := m[from]; !ok {
					m[from] = to
				}
			}
		}
		m['"'] = '@' // both on the key of the digit two
		return m
	}()
)

func keyboard(from, to string) map[rune]rune {
	m := make(map[rune]rune)
	letters := []rune(to)
	for i, r := range []rune(from) {
		m[r] = letters[i]
	}
	return m
}

// relaid returns what the same keys would have typed in other layouts, the
// likeliest first; q is in lower case.
func relaid(q string) []string {
	if strings.ContainsAny(q, cyrillicLetters) {
		return []string{press(q, toLatin, nil)}
	}
	if !strings.ContainsAny(q, latinLetters+lettersElsewhere) {
		return nil
	}
	all := []string{press(q, toCyrillic, nil)}
	for _, l := range cyrillicLayouts {
		if strings.ContainsAny(q, l.keys) {
			all = append(all, press(q, toCyrillic, keyboard(l.keys, l.letters)))
		}
	}
	return all
}

const (
	lettersElsewhere = "[]{};:'\"<>`~" // typed alone they are х, ж, э …; a lone dot or comma is one
	latinLetters     = "abcdefghijklmnopqrstuvwxyz"
	cyrillicLetters  = "абвгдежзийклмнопрстуфхцчшщъыьэюяёґєіїўәғқңөұүһ"
)

// press types q with the keys of a layout, of which some may differ.
func press(q string, layout, differing map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if to, ok := differing[r]; ok {
			return to
		}
		if to, ok := layout[r]; ok {
			return to
		}
		return r
	}, q)
}
