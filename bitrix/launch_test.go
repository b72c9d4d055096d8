package bitrix

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const formType = "application/x-www-form-urlencoded"

// launchQuery and launchBody are what a portal posts for the card of deal 77.
func launchQuery() url.Values {
	return url.Values{"DOMAIN": {"acme.bitrix24.com"}, "PROTOCOL": {"1"}, "LANG": {"de"}, "APP_SID": {testMember}}
}

func launchBody() url.Values {
	return url.Values{
		"AUTH_ID": {testAccess}, "AUTH_EXPIRES": {"3600"}, "REFRESH_ID": {testRefresh},
		"SERVER_ENDPOINT":   {"https://oauth.bitrix.info/rest/"},
		"APPLICATION_TOKEN": {"7d20aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, "APPLICATION_SCOPE": {"crm,im"},
		"member_id": {testMember}, "status": {"L"}, "PLACEMENT": {"CRM_DEAL_DETAIL_TAB"},
		"PLACEMENT_OPTIONS": {`{"ID":"77","URI":"\/crm\/deal\/details\/77\/"}`},
	}
}

func launchRequest(query, body string) *http.Request {
	r := httptest.NewRequest("POST", "/app?"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", formType+"; charset=UTF-8")
	return r
}

func parseLaunch(query, body url.Values) (Launch, error) {
	return ParseLaunch(launchRequest(query.Encode(), body.Encode()))
}

func TestParseLaunchReadsWhatThePortalPosts(t *testing.T) {
	l, err := parseLaunch(launchQuery(), launchBody())
	must(t, err)
	if l.MemberID != testMember || l.Domain != "acme.bitrix24.com" || !l.Secure || l.Language != "de" || l.AppSID != testMember ||
		l.Access != testAccess || l.Refresh != testRefresh || l.ExpiresIn != time.Hour || l.Server != "https://oauth.bitrix.info" ||
		l.ApplicationToken != "7d20aaaaaaaaaaaaaaaaaaaaaaaaaaaa" || l.Status != "L" || l.Placement != "CRM_DEAL_DETAIL_TAB" ||
		l.Item != (CRMItem{Deal, 77}) {
		t.Errorf("got %+v", l)
	}
	if want := map[string]string{"ID": "77", "URI": "/crm/deal/details/77/"}; !maps.Equal(l.Options, want) {
		t.Errorf("got options %v, want %v", l.Options, want)
	}
	token := l.Token()
	if token.Access != testAccess || token.Endpoint != "https://acme.bitrix24.com/rest/" || time.Until(token.Expiry) > time.Hour {
		t.Errorf("got token %+v", token)
	}
}

func TestParseLaunchDoesWithoutWhatMayBeMissing(t *testing.T) {
	body := launchBody()
	for _, name := range []string{"AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE", "status", "PLACEMENT_OPTIONS"} {
		body.Del(name)
	}
	query := launchQuery()
	query.Set("PROTOCOL", "0")
	query.Set("DOMAIN", "Portal.LocalHost:8090")
	query.Del("LANG")
	l, err := parseLaunch(query, body)
	must(t, err)
	if l.Origin() != "http://portal.localhost:8090" || !l.Item.IsZero() || l.Options != nil || l.Server != "" || !l.Token().Expiry.IsZero() {
		t.Errorf("got %+v", l)
	}
	if kind, ok := l.CardType(); !ok || kind != Deal {
		t.Errorf("an unsaved card has no type: %v", kind)
	}
}

func TestTheItemOfALaunch(t *testing.T) {
	for name, c := range map[string]struct {
		placement, options string
		want               CRMItem
	}{
		"a lead":                {"CRM_LEAD_DETAIL_TAB", `{"ID":"55"}`, CRMItem{Lead, 55}},
		"a number":              {"CRM_CONTACT_DETAIL_TAB", `{"ID":31}`, CRMItem{Contact, 31}},
		"a toolbar":             {"CRM_COMPANY_DETAIL_TOOLBAR", `{"ID":"12"}`, CRMItem{Company, 12}},
		"a list":                {"CRM_DEAL_LIST_MENU", `{"ID":"77"}`, CRMItem{Deal, 77}},
		"the other key":         {"CRM_DEAL_ACTIVITY_TIMELINE_MENU", `{"ENTITY_ID":"77"}`, CRMItem{Deal, 77}},
		"the built-in form":     {"CRM_LEAD_DETAIL_ACTIVITY", `{"entityTypeId":"1","entityId":"55","useBuiltInInterface":"Y"}`, CRMItem{Lead, 55}},
		"another card's form":   {"CRM_LEAD_DETAIL_ACTIVITY", `{"entityTypeId":"2","entityId":"55","useBuiltInInterface":"Y"}`, CRMItem{}},
		"new":                   {"CRM_DEAL_DETAIL_TAB", `{"ID":"0"}`, CRMItem{}},
		"new, no id":            {"CRM_DEAL_DETAIL_TAB", `{"URI":"/"}`, CRMItem{}},
		"new, empty id":         {"CRM_DEAL_DETAIL_TAB", `{"ID":null}`, CRMItem{}},
		"empty":                 {"CRM_DEAL_DETAIL_TAB", ``, CRMItem{}},
		"null":                  {"CRM_DEAL_DETAIL_TAB", `null`, CRMItem{}},
		"an empty list":         {"CRM_DEAL_DETAIL_TAB", `[]`, CRMItem{}},
		"undefined":             {"CRM_DEAL_DETAIL_TAB", `undefined`, CRMItem{}},
		"another kind of card":  {"CRM_QUOTE_DETAIL_TAB", `{"ID":"9"}`, CRMItem{}},
		"a smart process":       {"CRM_DYNAMIC_183_DETAIL_TAB", `{"ID":"9"}`, CRMItem{}},
		"an activity":           {"CRM_ACTIVITY_LIST_MENU", `{"ID":"9"}`, CRMItem{}},
		"a worker with an id":   {"PAGE_BACKGROUND_WORKER", `{"ID":"PAGE_BACKGROUND_WORKER"}`, CRMItem{}},
		"the menu with odd ids": {"DEFAULT", `{"ID":"-5","any":"28\/"}`, CRMItem{}},
		"nested values":         {"CRM_DEAL_DETAIL_TAB", `{"ID":"77","properties":{"ID":"78"},"list":[1]}`, CRMItem{Deal, 77}},
	} {
		t.Run(name, func(t *testing.T) {
			body := launchBody()
			body.Set("PLACEMENT", c.placement)
			body.Set("PLACEMENT_OPTIONS", c.options)
			l, err := parseLaunch(launchQuery(), body)
			must(t, err)
			if l.Item != c.want {
				t.Errorf("got %v, want %v", l.Item, c.want)
			}
		})
	}
}

func TestALanguageIsTwoLettersOrNone(t *testing.T) {
	for given, want := range map[string]string{"ru": "ru", "la": "la", "EN": "", "e": "", "deu": "", "../": "", "<b": "", "": ""} {
		query := launchQuery()
		query.Set("LANG", given)
		l, err := parseLaunch(query, launchBody())
		must(t, err)
		if l.Language != want {
			t.Errorf("%q became %q, want %q", given, l.Language, want)
		}
	}
}

func TestParseLaunchRefusesAField(t *testing.T) {
	type values = map[string][]string
	for field, wrong := range (values{
		"DOMAIN":            {"", "https://acme.example", "acme.example/x", "a b", "acme.example:", "acme.example:0", "-acme", "acme@evil", "a\x00b", "acme\n"},
		"PROTOCOL":          {"", "2", "https", "01"},
		"APP_SID":           {"", "x", testMember + "0", strings.ToUpper(strings.Repeat("a", 32)), testMember + "\n"},
		"member_id":         {"", "x", strings.Repeat("A", 32), testMember + "\n", testMember + "0"},
		"AUTH_ID":           {"short", testAccess + " ", testAccess + "<", strings.Repeat("a", 201)},
		"REFRESH_ID":        {"short", strings.Repeat("é", 30)},
		"APPLICATION_TOKEN": {"short", testAccess + "\x00"},
		"AUTH_EXPIRES":      {"soon", "-1", "1.5", "99999999999", "9999999999", " 3600"},
		"SERVER_ENDPOINT":   {"oauth.bitrix.info", "ftp://oauth.bitrix.info/", "javascript:x", "https://a:b@oauth.bitrix.info", "https://"},
		"status":            {"LL", "l", "1"},
		"PLACEMENT":         {"", "crm_deal_detail_tab", "CRM DEAL", strings.Repeat("A", 101), "A\n"},
		"PLACEMENT_OPTIONS": {`{`, `"text"`, `7`, `[1]`, `true`, `{"ID":"77","ID":"78"}`, `{"ID":"77"}{}`, `{"ID":"77"`, `{"ID":"abc"}`, `{"ID":"-5"}`, `{"ID":"7.5"}`, `{"ID":"007"}`, `{"ID":" 7"}`, `{"ID":"99999999999999999999"}`, `{"ID":1e3}`, `{"ID":{"a":1}}`, `{"ID":true}`, "\xff"},
	}) {
		for _, value := range wrong {
			query, body := launchQuery(), launchBody()
			if query.Has(field) {
				query.Set(field, value)
			} else {
				body.Set(field, value)
			}
			l, err := parseLaunch(query, body)
			refusal, ok := errors.AsType[*FormError](err)
			if !ok || refusal.Field != field || refusal.Status != 400 {
				t.Errorf("%s=%q: got error %v", field, value, err)
				continue
			}
			if l.Access != "" || len(value) > 4 && strings.Contains(err.Error(), value) {
				t.Errorf("%s=%q: the error shows it or comes with a launch: %v", field, value, err)
			}
		}
	}
}

func TestAFieldIsGivenOnceAndInItsPlace(t *testing.T) {
	for name := range launchBody() {
		if name == "APPLICATION_SCOPE" {
			continue // not read
		}
		query := launchQuery()
		query.Set(name, launchBody().Get(name))
		if _, err := parseLaunch(query, launchBody()); err == nil || strings.Contains(err.Error(), testAccess) {
			t.Errorf("%s in the address: got %v", name, err)
		}
	}
	for _, encode := range []func(q, b url.Values) (string, string){
		func(q, b url.Values) (string, string) { return q.Encode() + "&DOMAIN=evil.example", b.Encode() },
		func(q, b url.Values) (string, string) { return q.Encode(), b.Encode() + "&AUTH_ID=" + testRefresh },
		func(q, b url.Values) (string, string) { return q.Encode(), b.Encode() + "&member%5Fid=" + testMember },
		func(q, b url.Values) (string, string) { return q.Encode(), b.Encode() + "&x=%zz" },
		func(q, b url.Values) (string, string) { return q.Encode(), b.Encode() + "&a;b=c" },
		func(q, b url.Values) (string, string) { return q.Encode(), b.Encode() + "&%ff=c" },
	} {
		q, b := encode(launchQuery(), launchBody())
		l, err := ParseLaunch(launchRequest(q, b))
		refusal, ok := errors.AsType[*FormError](err)
		if !ok || refusal.Status != 400 || l.Access != "" {
			t.Errorf("got %v for %s and %s", err, q, b)
		}
	}
}

func TestALaunchThatLacksOnlyTheToken(t *testing.T) {
	body := launchBody()
	body.Del("AUTH_ID")
	l, err := parseLaunch(launchQuery(), body)
	wantIs(t, err, ErrNoToken)
	if refusal, ok := errors.AsType[*FormError](err); !ok || refusal.Field != "AUTH_ID" {
		t.Errorf("got %v", err)
	}
	if l.MemberID != testMember || l.Language != "de" || l.Item.IsZero() {
		t.Errorf("the rest is missing: %+v", l)
	}
	body.Set("member_id", "x")
	if l, err := parseLaunch(launchQuery(), body); errors.Is(err, ErrNoToken) || l.Language != "" {
		t.Errorf("got %+v, %v for one that lacks more", l, err)
	}
}

func TestWhatIsNoFormAtAll(t *testing.T) {
	good := launchBody().Encode()
	for name, c := range map[string]struct {
		method, kind, body string
		want               int
	}{
		"a GET":                    {"GET", formType, good, 405},
		"a PUT":                    {"PUT", formType, good, 405},
		"JSON":                     {"POST", "application/json", good, 415},
		"multipart":                {"POST", "multipart/form-data; boundary=x", good, 415},
		"no type":                  {"POST", "", good, 415},
		"a type that is no type":   {"POST", "/;;", good, 415},
		"more than 64 KiB":         {"POST", formType, good + "&x=" + strings.Repeat("a", maxForm), 413},
		"as large as may be":       {"POST", formType, strings.Repeat("a", maxForm), 400},
		"a body that is no UTF-8":  {"POST", formType, "member_id=\xff\xfe", 400},
		"a field with a zero byte": {"POST", formType, good + "&x=%00", 400},
	} {
		r := launchRequest(launchQuery().Encode(), c.body)
		r.Method = c.method
		r.Header.Set("Content-Type", c.kind)
		_, err := ParseLaunch(r)
		if refusal, ok := errors.AsType[*FormError](err); !ok || refusal.Status != c.want {
			t.Errorf("%s: got %v, want status %d", name, err, c.want)
		}
		r = launchRequest("", c.body)
		r.Method = c.method
		r.Header.Set("Content-Type", c.kind)
		_, err = ParseEvent(r)
		if refusal, ok := errors.AsType[*FormError](err); !ok || refusal.Status != c.want {
			t.Errorf("%s, as an event: got %v, want status %d", name, err, c.want)
		}
	}
	limited := launchRequest(launchQuery().Encode(), good)
	limited.Body = http.MaxBytesReader(nil, limited.Body, 10)
	_, err := ParseLaunch(limited)
	if refusal, ok := errors.AsType[*FormError](err); !ok || refusal.Status != 413 {
		t.Errorf("cut by the server: got %v", err)
	}
	broken := launchRequest(launchQuery().Encode(), "")
	broken.Body = io.NopCloser(io.MultiReader(strings.NewReader(good), failing{}))
	if _, err := ParseLaunch(broken); err == nil {
		t.Error("a body that broke off was accepted")
	}
	empty := launchRequest(launchQuery().Encode(), "")
	empty.Body = nil
	if _, err := ParseLaunch(empty); err == nil {
		t.Error("no body was accepted")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the connection broke") }

// FuzzParseLaunch looks for a launch that is accepted and still holds something
// that others would not expect of it.
func FuzzParseLaunch(f *testing.F) {
	f.Add(launchQuery().Encode(), launchBody().Encode())
	f.Add("DOMAIN=portal.localhost:8090&PROTOCOL=0&LANG=xx&APP_SID="+testMember, "member_id="+testMember+"&PLACEMENT=DEFAULT&AUTH_ID="+testAccess+"&PLACEMENT_OPTIONS=undefined")
	f.Add("DOMAIN=a&DOMAIN=b", "AUTH_ID=&PLACEMENT_OPTIONS=%7B%22ID%22%3A%220%22%7D")
	f.Add("", "&&==;%zz[]=[")
	f.Add(launchQuery().Encode(), strings.Replace(launchBody().Encode(), "%2277%22", "%5B%7B%7D%5D", 1))
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest("POST", "/app", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", formType)
		l, err := ParseLaunch(r)
		if err != nil {
			refusal, ok := errors.AsType[*FormError](err)
			if !ok || refusal.Status < 400 || refusal.Reason == "" {
				t.Fatalf("got error %#v", err)
			}
			if !errors.Is(err, ErrNoToken) {
				return
			}
		}
		if !hexID.MatchString(string(l.MemberID)) || !hostName.MatchString(l.Domain) || !code.MatchString(l.Placement) || l.Origin() == "" {
			t.Fatalf("accepted %+v", l)
		}
		if l.Item.ID < 0 || !l.Item.IsZero() && (l.Item.ID == 0 || l.Item.Type.EntityTypeID() == 0) {
			t.Fatalf("accepted item %v", l.Item)
		}
		if l.ExpiresIn < 0 || l.Language != "" && !twoLetters.MatchString(l.Language) {
			t.Fatalf("accepted %+v", l)
		}
	})
}
