package bitrix

import (
	"errors"
	"maps"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const appToken = "7d20aaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// eventForm is an ONAPPINSTALL as the portal's queue posts it.
func eventForm() url.Values {
	return url.Values{
		"event": {"ONAPPINSTALL"}, "event_handler_id": {"11"}, "ts": {"1790000000"},
		"data[VERSION]": {"1"}, "data[ACTIVE]": {"Y"}, "data[FIELDS][ID]": {"77"}, "data[LIST][0]": {"a"}, "data[LIST][1]": {"b"},
		"auth[access_token]": {testAccess}, "auth[refresh_token]": {testRefresh}, "auth[expires]": {"1790003600"}, "auth[expires_in]": {"3600"},
		"auth[scope]": {"crm,placement im"}, "auth[domain]": {"acme.example"}, "auth[server_endpoint]": {"https://oauth.example/rest/"},
		"auth[client_endpoint]": {"https://acme.example/rest"}, "auth[status]": {"L"}, "auth[member_id]": {testMember},
		"auth[user_id]": {"1"}, "auth[application_token]": {appToken},
	}
}

func parseEvent(body string) (Event, error) {
	r := httptest.NewRequest("POST", "/events", strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return ParseEvent(r)
}

func TestParseEventReadsAnInstallation(t *testing.T) {
	e, err := parseEvent(eventForm().Encode())
	must(t, err)
	if e.Name != "ONAPPINSTALL" || e.HandlerID != "11" || e.Time.Unix() != 1790000000 || e.MemberID != testMember || e.Domain != "acme.example" || e.ApplicationToken != appToken || e.Clean {
		t.Errorf("got %+v", e)
	}
	if want := map[string]string{"VERSION": "1", "ACTIVE": "Y", "FIELDS.ID": "77", "LIST.0": "a", "LIST.1": "b"}; !maps.Equal(e.Data, want) {
		t.Errorf("got data %v, want %v", e.Data, want)
	}
	k := e.Token
	if k.Access != testAccess || k.Refresh != testRefresh || k.Endpoint != testEndpoint || k.Server != testServer || k.UserID != 1 || k.MemberID != testMember || len(k.Scope) != 3 {
		t.Errorf("got token %+v", k)
	}
	if k.Expiry != time.Unix(1790003600, 0) {
		t.Errorf("expires at %v; an event that waited must not live longer", k.Expiry)
	}
}

func TestAnUninstallHasNoTokenAndMayAskToClean(t *testing.T) {
	for given, want := range map[string]bool{"1": true, "true": true, "Y": true, "0": false, "": false, "N": false} {
		e, err := parseEvent(url.Values{
			"event": {"onappuninstall"}, "data[CLEAN]": {given}, "data[LANGUAGE_ID]": {"en"},
			"auth[member_id]": {testMember}, "auth[application_token]": {appToken},
		}.Encode())
		must(t, err)
		if e.Name != "ONAPPUNINSTALL" || e.Clean != want || e.Token.Access != "" || e.Token.MemberID != "" || !e.Time.IsZero() {
			t.Errorf("CLEAN=%q: got %+v", given, e)
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	for field, wrong := range map[string][]string{
		"event":                   {"", "a b", "<x>", strings.Repeat("A", 101)},
		"event_handler_id":        {"x", "-1"},
		"ts":                      {"now", "-1", "1e9"},
		"auth[member_id]":         {"", "x", strings.Repeat("A", 32)},
		"auth[application_token]": {"", "short", "with spaces in it and long enough"},
		"auth[domain]":            {"https://acme.example", "a b"},
		"auth[access_token]":      {"short", testAccess + "<"},
		"auth[refresh_token]":     {"short"},
		"auth[user_id]":           {"me", "-1"},
		"auth[expires]":           {"soon"},
		"auth[client_endpoint]":   {"acme.example", "ftp://acme.example", "https://a:b@acme.example/", "https://acme.example/?x=1"},
		"auth[server_endpoint]":   {"oauth.example", "https://a:b@oauth.example"},
	} {
		for _, value := range wrong {
			form := eventForm()
			form.Set(field, value)
			e, err := parseEvent(form.Encode())
			refusal, ok := errors.AsType[*FormError](err)
			if !ok || refusal.Field != field || e.Name != "" {
				t.Errorf("%s=%q: got %+v, %v", field, value, e, err)
			}
		}
	}
	for name, extra := range map[string]string{
		"a field twice":              "&event=ONAPPUNINSTALL",
		"a token twice":              "&auth[application_token]=" + appToken,
		"a bracket that stays open":  "&data[FIELDS=1",
		"a bracket without an end":   "&data[FIELDS][=1",
		"an empty bracket":           "&data[LIST][]=c",
		"text behind a bracket":      "&data[X]y=1",
		"a dot in a name":            "&data[FIELDS.ID]=78",
		"a value where a list is":    "&data[FIELDS]=78",
		"a list where a value is":    "&auth[member_id][x]=78",
		"a value of everything":      "&data=78",
		"brackets deeper than any":   "&data" + strings.Repeat("[a]", maxDepth+1) + "=1",
		"brackets within brackets":   "&data[a[b]]=1",
		"a name that is no text":     "&%ff=1",
		"a name that hides a string": "&data[%00]=1",
	} {
		e, err := parseEvent(eventForm().Encode() + extra)
		if _, ok := errors.AsType[*FormError](err); !ok || e.Name != "" {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
	if _, err := parseEvent(eventForm().Encode() + "&data=&other[x=1&database=1"); err != nil {
		t.Errorf("an empty map and fields of others are no harm: %v", err)
	}
}

// FuzzParseEvent looks for an event that is accepted without what proves it.
func FuzzParseEvent(f *testing.F) {
	f.Add(eventForm().Encode())
	f.Add("event=ONAPPUNINSTALL&data[CLEAN]=1&auth[member_id]=" + testMember + "&auth[application_token]=" + appToken)
	f.Add("event=A&data[a][b][]=1&data[a]=2&auth=x")
	f.Add("data%5Bx%5D%5B=&&auth[[[=1;")
	f.Fuzz(func(t *testing.T, body string) {
		e, err := parseEvent(body)
		if err != nil {
			if _, ok := errors.AsType[*FormError](err); !ok {
				t.Fatalf("got error %#v", err)
			}
			return
		}
		if !hexID.MatchString(string(e.MemberID)) || !tokenText.MatchString(e.ApplicationToken.Reveal()) || e.Name == "" || e.Data == nil {
			t.Fatalf("accepted %+v", e)
		}
		if e.Token.Access != "" && e.Token.MemberID != e.MemberID {
			t.Fatalf("accepted a token of another portal: %+v", e)
		}
	})
}

// FuzzForm looks for nested names that lead to no place, or two to the same.
func FuzzForm(f *testing.F) {
	f.Add("data[a][b]=1&data[a][c]=2")
	f.Add("data[a]=1&data[a][b]=2")
	f.Add("data[a.b]=1&data[a][b]=2")
	f.Add("data=&data[]=1&data[[a]]=1&data]=2")
	f.Add("data" + strings.Repeat("[x]", 40) + "=1")
	f.Fuzz(func(t *testing.T, body string) {
		fields, err := parseFields(body)
		if err != nil {
			return
		}
		found, err := nested(fields, "data")
		if err != nil {
			return
		}
		for path, value := range found {
			name := "data[" + strings.ReplaceAll(path, ".", "][") + "]"
			if got, ok := fields[name]; !ok || got[0] != value {
				t.Fatalf("%q came of no field: %v", path, fields)
			}
			if strings.Count(path, ".") >= maxDepth {
				t.Fatalf("%q is too deep", path)
			}
		}
	})
}
