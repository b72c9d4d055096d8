package handlers

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// How long things hold.
const (
	visitLife  = time.Hour
	renewLife  = 24 * time.Hour // an ended visit can be renewed with fresh tokens
	launchLife = 15 * time.Minute
	signInLife = 10 * time.Minute
)

// seals turn values into text that a page can carry and nobody but us can read
// or make. Each purpose has its own, so that one cannot pass for another. How
// long a value holds stands in the value.
type seals struct {
	visit, chat, person, crowd, answer, newcomers, launch seal
}

// seal encodes with the first of its keys and decodes what any of them encoded.
type seal []securecookie.Codec

// Encode turns a value into text.
func (s seal) Encode(name string, value any) (string, error) { return s[0].Encode(name, value) }

// Decode reads what Encode made under the same name.
func (s seal) Decode(name, text string, value any) error {
	return securecookie.DecodeMulti(name, text, value, s...)
}

// maxSealed is how long a sealed value may be: far more than any of ours.
const maxSealed = 32 << 10

func newSeals(key app.Key, older ...app.Key) seals {
	derived := func(purpose string) (s seal) {
		for _, k := range append([]app.Key{key}, older...) {
			hash, block := k.Derive("joinline/"+purpose+"/hash/v1", 32), k.Derive("joinline/"+purpose+"/block/v1", 32)
			s = append(s, securecookie.New(hash, block).SetSerializer(securecookie.JSONEncoder{}).MaxAge(0).MaxLength(maxSealed))
		}
		return s
	}
	return seals{
		visit: derived("visit"), chat: derived("chat"), person: derived("person"), crowd: derived("crowd"), answer: derived("answer"), newcomers: derived("newcomers"),
		launch: derived("launch"),
	}
}

// pageVisit is the visit as a page carries it.
type pageVisit struct {
	app.Visit
	// Spoken is the portal's language, which a person may have changed.
	Spoken string `json:"s,omitempty"`
	// Browser is the key of the browser that the page was made for. It counts
	// where the browser keeps our cookie; one that blocks it shows none.
	Browser string `json:"b"`
	// Kept: that browser had shown our cookie before. Then it does not block it,
	// and a request without it comes from elsewhere.
	Kept bool `json:"c,omitempty"`
	// Until ends the visit, however often the page is made anew.
	Until time.Time `json:"e"`
}

// begin starts the visit of a page in this browser, in the language that its
// person has chosen.
func (s *server) begin(c echo.Context, v app.Visit) (pageVisit, error) {
	spoken := v.Language
	if chosen := s.habits(c, v).Language; chosen != "" {
		v.Language = chosen
		sceneOf(c).speak(chosen)
	}
	browser, kept, err := s.browser(c)
	return pageVisit{Visit: v, Spoken: spoken, Browser: browser, Kept: kept, Until: s.now().Add(visitLife)}, err
}

// sealed is the visit as text.
func (s *server) sealed(v pageVisit) (string, error) {
	text, err := s.seals.visit.Encode("visit", v)
	if err != nil {
		return "", fmt.Errorf("sealing the visit: %w", err)
	}
	return text, nil
}

// visit opens the visit of a request of the page and tells the scene. A visit
// that has ended, or was made for another browser, comes with errVisitEnded:
// the page may renew it.
func (s *server) visit(c echo.Context, form url.Values) (pageVisit, error) {
	var v pageVisit
	if err := s.seals.visit.Decode("visit", form.Get("visit"), &v); err != nil {
		return pageVisit{}, fmt.Errorf("%w: the visit is not ours", errForm)
	}
	at := sceneOf(c)
	at.visit = v.Visit
	at.speak(v.Language)
	s.within(at, v.Portal)
	if err := s.admit(c, v.Visit); err != nil {
		return pageVisit{}, err
	}
	if s.now().After(v.Until) || !s.sameBrowser(c, v) {
		return v, errVisitEnded
	}
	return v, nil
}

// chatChoice is a chat that a page offers, as the page carries it. The title of
// its owner and the channel are not read anew after an add.
type chatChoice struct {
	Visit                string
	Ref                  app.ChatRef
	Title, Channel, Name string

	sealed string // the text that it was opened from
}

// offers seals what a page of the visit lets people choose. What cannot be
// sealed, because it is far too long, cannot be chosen.
func (s *server) offers(v app.Visit) offers {
	return offers{
		chat: func(chat app.Chat) string {
			text, _ := s.seals.chat.Encode("chat", chatChoice{Visit: v.ID, Ref: chat.Ref(), Title: chat.OwnerTitle, Channel: chat.Channel, Name: chat.Name})
			return text
		},
		person: func(id bitrix.UserID, name, position string) string {
			text, _ := s.seals.person.Encode("person", person{v.ID, id, name, position})
			return text
		},
		crowd: func(of crowd) string {
			text, _ := s.seals.crowd.Encode("crowd", of)
			return text
		},
	}
}

// chosenChats opens the chats that the form names, in their order. None is
// named twice.
func (s *server) chosenChats(v app.Visit, form url.Values) ([]chatChoice, error) {
	var chosen []chatChoice
	for _, text := range form[fieldChat] {
		c, err := s.chosenChat(v, text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(chosen, func(other chatChoice) bool { return other.Ref.ID == c.Ref.ID }) {
			return nil, fmt.Errorf("%w: a chat is named twice", errForm)
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

func (s *server) chosenChat(v app.Visit, text string) (chatChoice, error) {
	var c chatChoice
	if err := s.seals.chat.Decode("chat", text, &c); err != nil || c.Visit != v.ID {
		return chatChoice{}, fmt.Errorf("%w: the chat is not of this visit", errForm)
	}
	c.sealed = text
	return c, nil
}

// sealedAnswer is what the portal said to one call, as a page carries it until
// everybody was asked for.
type sealedAnswer struct {
	Visit  string
	Chat   bitrix.ChatID
	Answer app.Answer
}

// person is somebody chosen, as a page carries them.
type person struct {
	Visit string
	ID    bitrix.UserID
	Name  string
	// Position tells namesakes apart; it may be empty.
	Position string
}

// chosenPeople opens the people that the form names, each once, in their order.
func (s *server) chosenPeople(v app.Visit, form url.Values) ([]person, error) {
	var people []person
	for _, text := range form[fieldPerson] {
		p, err := s.chosenPerson(v, text)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(people, func(other person) bool { return other.ID == p.ID }) {
			people = append(people, p)
		}
	}
	return people, nil
}

func (s *server) chosenPerson(v app.Visit, text string) (person, error) {
	var p person
	if err := s.seals.person.Decode("person", text, &p); err != nil || p.Visit != v.ID {
		return person{}, fmt.Errorf("%w: a person is not of this visit", errForm)
	}
	return p, nil
}

// cookie is the name of our one cookie. The __Host- prefix ties it to our very
// host, Partitioned to the portal around the frame.
const cookie = "__Host-joinline"

// The values in the cookie.
const (
	browserKey = "browser"
	stateKey   = "state"
	returnKey  = "return"
	portalKey  = "portal"
	sinceKey   = "since"
	visitKey   = "visit"
)

func newSessions(key app.Key, older ...app.Key) sessions.Store {
	var pairs [][]byte
	for _, k := range append([]app.Key{key}, older...) {
		pairs = append(pairs, k.Derive("joinline/cookie/hash/v1", 32), k.Derive("joinline/cookie/block/v1", 32))
	}
	store := sessions.NewCookieStore(pairs...)
	store.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true}
	return store
}

// session is what this browser's cookie says; empty when it sent none, or one
// that is not ours.
func (s *server) session(c echo.Context) *sessions.Session {
	session, err := s.sessions.Get(c.Request(), cookie)
	if err != nil {
		clear(session.Values) // Get gives a usable session beside its error
	}
	return session
}

// saveSession sends the cookie.
func (s *server) saveSession(c echo.Context, session *sessions.Session) error {
	c.Response().Header().Del(echo.HeaderSetCookie) // it is our only one, and the last word counts
	if err := session.Save(c.Request(), c.Response()); err != nil {
		return fmt.Errorf("saving the cookie: %w", err)
	}
	return nil
}

// browser is the random key of this browser, set when it had none. Kept: it
// had, and showed it.
func (s *server) browser(c echo.Context) (key string, kept bool, err error) {
	session := s.session(c)
	if key, ok := session.Values[browserKey].(string); ok {
		return key, true, nil
	}
	key = rand.Text()
	session.Values[browserKey] = key
	return key, false, s.saveSession(c, session)
}

// sameBrowser reports whether the request may come from the browser that the
// visit was made for: it says so, or it has never shown a cookie because it
// blocks them in frames.
func (s *server) sameBrowser(c echo.Context, v pageVisit) bool {
	sent, ok := s.session(c).Values[browserKey].(string)
	if !ok {
		return !v.Kept
	}
	return subtle.ConstantTimeCompare([]byte(sent), []byte(v.Browser)) == 1
}

// signIn is a sign-in that is under way.
type signIn struct {
	state string
	// to is where the person wants to go; it may be empty.
	to string
	// portal is where they say who they are.
	portal bitrix.MemberID
}

// signInBegun keeps a sign-in in the cookie.
func (s *server) signInBegun(c echo.Context, begun signIn) error {
	session := s.session(c)
	session.Values[stateKey], session.Values[returnKey], session.Values[portalKey] = begun.state, begun.to, string(begun.portal)
	session.Values[sinceKey] = s.now().Unix()
	return s.saveSession(c, session)
}

// signInEnded returns the sign-in to which the state belongs that came back,
// and which is good once. Where the person wants to go is told beside an error,
// too.
func (s *server) signInEnded(c echo.Context, state string) (signIn, error) {
	session := s.session(c)
	var begun signIn
	begun.state, _ = session.Values[stateKey].(string)
	begun.to, _ = session.Values[returnKey].(string)
	portal, _ := session.Values[portalKey].(string)
	begun.portal = bitrix.MemberID(portal)
	since, _ := session.Values[sinceKey].(int64)
	for _, key := range []string{stateKey, returnKey, portalKey, sinceKey} {
		delete(session.Values, key)
	}
	if err := s.saveSession(c, session); err != nil {
		return begun, err
	}
	if begun.state == "" || subtle.ConstantTimeCompare([]byte(begun.state), []byte(state)) != 1 ||
		s.now().Sub(time.Unix(since, 0)) > signInLife {
		return begun, errSignIn
	}
	return begun, nil
}

// signedIn keeps a visit in the cookie, for pages outside of a portal. The
// browser gets a new key: nothing from before the sign-in is worth anything after.
func (s *server) signedIn(c echo.Context, v app.Visit) error {
	session := s.session(c)
	browser := rand.Text()
	text, err := s.sealed(pageVisit{Visit: v, Browser: browser, Kept: true, Until: s.now().Add(visitLife)})
	if err != nil {
		return err
	}
	session.Values[browserKey], session.Values[visitKey] = browser, text
	return s.saveSession(c, session)
}

// whoIsSignedIn is the visit kept in the cookie; errVisitEnded when there is none.
func (s *server) whoIsSignedIn(c echo.Context) (pageVisit, error) {
	text, _ := s.session(c).Values[visitKey].(string)
	var v pageVisit
	if text == "" || s.seals.visit.Decode("visit", text, &v) != nil || s.now().After(v.Until) || !s.sameBrowser(c, v) {
		return pageVisit{}, errVisitEnded
	}
	sceneOf(c).visit = v.Visit
	return v, nil
}

// heldLaunch is a launch that may be repeated, as a page carries it.
type heldLaunch struct {
	Launch          bitrix.Launch
	Access, Refresh string // the Secrets of the launch, which would marshal as REDACTED
	Token           string
	// Parent is the origin that could frame the page that held it.
	Parent string
	// Until ends it.
	Until time.Time
}

func (s *server) holdLaunch(l bitrix.Launch, parent string) (string, error) {
	h := heldLaunch{
		Launch: l, Access: l.Access.Reveal(), Refresh: l.Refresh.Reveal(), Token: l.ApplicationToken.Reveal(),
		Parent: parent, Until: s.now().Add(launchLife),
	}
	h.Launch.Options = nil // only the item in it matters, and that is Launch.Item
	text, err := s.seals.launch.Encode("launch", h)
	if err != nil {
		return "", fmt.Errorf("sealing the launch: %w", err)
	}
	return text, nil
}

// heldAgain opens a held launch and puts in the tokens that the page got anew.
// One that is too old is app.ErrNoToken: the person loads the card again.
func (s *server) heldAgain(form url.Values) (l bitrix.Launch, parent string, err error) {
	var h heldLaunch
	if err := s.seals.launch.Decode("launch", form.Get("launch"), &h); err != nil {
		return l, "", fmt.Errorf("%w: the launch is not ours", errForm)
	}
	l = h.Launch
	l.Access, l.Refresh, l.ApplicationToken = bitrix.Secret(h.Access), bitrix.Secret(h.Refresh), bitrix.Secret(h.Token)
	if form.Get("AUTH_ID") != "" {
		fresh, err := freshTokens(form)
		if err != nil {
			return l, h.Parent, err
		}
		l.Access, l.Refresh, l.ExpiresIn = fresh.Access, fresh.Refresh, fresh.ExpiresIn
	} else if s.now().After(h.Until) {
		return l, h.Parent, app.ErrNoToken
	}
	return l, h.Parent, nil
}

var tokenText = regexp.MustCompile(`^[0-9A-Za-z]{20,200}$`)

// freshTokens reads what the portal gave the page when asked for new tokens.
func freshTokens(form url.Values) (bitrix.Launch, error) {
	access, refresh := form.Get("AUTH_ID"), form.Get("REFRESH_ID")
	seconds, err := strconv.Atoi(form.Get("AUTH_EXPIRES"))
	if !tokenText.MatchString(access) || !tokenText.MatchString(refresh) || err != nil || seconds <= 0 || seconds > 1e6 {
		return bitrix.Launch{}, fmt.Errorf("%w: no tokens", errForm)
	}
	return bitrix.Launch{
		Access: bitrix.Secret(access), Refresh: bitrix.Secret(refresh), ExpiresIn: time.Duration(seconds) * time.Second,
	}, nil
}
