package staff

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/joinline/joinline/bitrix"
)

// maxCandidates is how many people one line may stand for.
const maxCandidates = 20

// Resolution is who a line of a pasted list may be: nobody, one person or
// several who fit equally well.
type Resolution struct {
	Candidates []Match // the closest only, at most 20
	More       bool    // there are others who fit as well
}

// One returns the person who is meant beyond doubt: the only one who fits
// exactly. Anything else is for somebody to decide.
func (r Resolution) One() (Person, bool) {
	if len(r.Candidates) != 1 || r.Candidates[0].Quality != Exact {
		return Person{}, false
	}
	return r.Candidates[0].Person, true
}

// Resolve finds who a line of a pasted list is: an ID (22, #22, user_22, a
// link to a profile, [USER=22]), an e-mail, a login or @login, or a name in
// any order with or without the middle name, several of these together
// ("Olga Sidorova <olga@example.com>"), and with a number or dash before it.
//
// What identifies wins over what describes. A name fits exactly only when all
// its words are names of the person; a line that needs their position,
// initials, forgiven typos, another keyboard layout or another language's way
// of spelling, or whose e-mail is not theirs, yields candidates that are not
// Exact.
func (x *Index) Resolve(line string) Resolution {
	line = withoutBullet(shortened(line, 2*maxQuery))
	if id, ok := lineID(line); ok {
		if p, ok := x.Person(id); ok {
			return Resolution{Candidates: []Match{{p, Exact}}}
		}
		return Resolution{}
	}
	names, addresses := terms(line)
	var email string
	for _, address := range addresses {
		if r := x.resolveAddress(strings.TrimPrefix(address, "@")); len(r.Candidates) > 0 {
			return r
		}
		if address[0] != '@' {
			email = address
		}
	}
	if email == "" {
		return x.resolveName(line)
	}
	if len(names) == 0 { // their other address, perhaps
		local, _, _ := strings.Cut(email, "@")
		return x.resolveName(local).doubted(func(Match) bool { return true })
	}
	return x.resolveName(strings.Join(names, " ")).doubted(func(m Match) bool { return m.Email != "" })
}

// terms cuts a line into words, and e-mails and logins.
func terms(line string) (names, addresses []string) {
	for _, chunk := range split(strings.ToLower(line)) {
		switch address := strings.Trim(chunk, "."); {
		case !strings.Contains(address, "@"):
			names = append(names, chunk)
		case address != "@":
			addresses = append(addresses, address)
		}
	}
	return names, addresses
}

// Terms returns what to ask another search for, one that finds people by the
// beginnings of words or by their ID, so that whoever a line is may be among
// those found; and the e-mail in the line, if there is one.
func Terms(line string) (words, email string) {
	line = withoutBullet(shortened(line, 2*maxQuery))
	if id, ok := lineID(line); ok {
		return strconv.FormatInt(int64(id), 10), ""
	}
	names, addresses := terms(line)
	if end := strings.IndexAny(line, "([<|–—"); end > 0 { // what follows a name is no part of it
		names, _ = terms(line[:end])
	}
	for _, address := range addresses {
		local, domain, _ := strings.Cut(strings.TrimPrefix(address, "@"), "@")
		if domain != "" {
			email = address
		}
		if len(names) == 0 {
			names = strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
		}
	}
	return strings.Join(names, " "), email
}

// withoutBullet takes off what begins a line of a list.
func withoutBullet(line string) string {
	line = strings.TrimSpace(line)
	if rest := strings.TrimLeft(line, "0123456789"); len(rest) < len(line) && len(rest) > 0 && strings.ContainsRune(".)", rune(rest[0])) {
		if name := strings.TrimSpace(rest[1:]); name != "" {
			return name
		}
	}
	return strings.TrimSpace(strings.TrimLeft(line, "-–—•*·\t "))
}

// lineID returns the ID that a line consists of.
func lineID(line string) (bitrix.UserID, bool) {
	line = strings.ToLower(line)
	for _, before := range []string{"/user/", "[user="} {
		if _, after, ok := strings.Cut(line, before); ok {
			digits := after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
			id, err := strconv.ParseInt(digits, 10, 64)
			return bitrix.UserID(id), err == nil
		}
	}
	for _, before := range []string{"user_", "#", "id"} {
		if rest, ok := strings.CutPrefix(line, before); ok {
			line = strings.TrimLeft(rest, " :=№")
			break
		}
	}
	if strings.TrimLeft(line, "0123456789") != "" {
		return 0, false
	}
	id, err := strconv.ParseInt(line, 10, 64)
	return bitrix.UserID(id), err == nil
}

// resolveAddress finds who has an e-mail or login. A login counts before what
// is written before the @ of an e-mail.
func (x *Index) resolveAddress(address string) Resolution {
	var whole, local []uint32
	if address == "" {
		return Resolution{}
	}
	x.byAddress(address, func(v uint32, is bool) {
		switch {
		case !is:
		case len(x.value(v)) == len(address):
			whole = append(whole, x.holders.at(v)...)
		default:
			local = append(local, x.holders.at(v)...)
		}
	})
	if len(whole) == 0 {
		whole = local
	}
	slices.Sort(whole)
	whole = slices.Compact(whole)
	var r Resolution
	for i, place := range whole {
		if r.More = i == maxCandidates; r.More {
			break
		}
		r.Candidates = append(r.Candidates, Match{x.person(place), Exact})
	}
	return r
}

// resolveName finds who fits a name best, if need be with the position or
// without what follows the name.
func (x *Index) resolveName(line string) Resolution {
	if r := x.closest(line, addressField); len(r.Candidates) > 0 {
		return r
	}
	always := func(Match) bool { return true }
	if r := x.closest(line, departmentField); len(r.Candidates) > 0 {
		return r.doubted(always)
	}
	if end := strings.IndexAny(line, "(,;|[<–—"); end > 0 && strings.ContainsFunc(line[:end], unicode.IsLetter) {
		return x.closest(line[:end], addressField).doubted(always)
	}
	return Resolution{}
}

// closest returns those who fit best and all as well, by fields up to one.
func (x *Index) closest(line string, upTo field) Resolution {
	s := x.search(Options{Limit: maxCandidates + 1})
	defer s.done()
	s.upTo = upTo
	s.run(line)
	var r Resolution
	for i, k := range s.best {
		if k.class() != s.best[0].class() {
			break
		}
		if r.More = i == maxCandidates; r.More {
			break
		}
		r.Candidates = append(r.Candidates, Match{x.person(k.place()), k.quality()})
	}
	if len(s.best) > 0 && s.best[0]&farBit != 0 {
		return r.doubted(func(Match) bool { return true })
	}
	return r
}

// doubted leaves no candidate Exact about whom there is a doubt.
func (r Resolution) doubted(doubt func(Match) bool) Resolution {
	for i, m := range r.Candidates {
		if m.Quality == Exact && doubt(m) {
			r.Candidates[i].Quality = Prefix
		}
	}
	return r
}
