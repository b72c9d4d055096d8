package bitrix

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestDecodeAnswerTellsARefusalFromAResult(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   Error // zero: a result
	}{
		"a result":                    {200, `{"result":1,"time":{"start":1}}`, Error{}},
		"a result of nothing":         {200, `{"result":null}`, Error{}},
		"an empty time":               {200, `{"result":1,"time":[]}`, Error{}},
		"an empty error beside":       {200, `{"result":1,"error":"","error_description":null}`, Error{}},
		"no error beside":             {200, `{"result":1,"error":false}`, Error{}},
		"a refusal":                   {403, `{"error":"ACCESS_DENIED","error_description":"Access denied!"}`, Error{Status: 403, Code: "ACCESS_DENIED", Description: "Access denied!"}},
		"a refusal with status 200":   {200, `{"error":"EMPTY","error_description":"Field context is invalid."}`, Error{Status: 200, Code: "EMPTY", Description: "Field context is invalid."}},
		"an argument":                 {400, `{"error":"ERROR_ARGUMENT","argument":"X"}`, Error{Status: 400, Code: "ERROR_ARGUMENT", Argument: "X"}},
		"an empty code":               {400, `{"error":"","error_description":"Not found"}`, Error{Status: 400, Description: "Not found"}},
		"an empty code, status 200":   {200, `{"error":"","error_description":"Not found"}`, Error{Status: 200, Description: "Not found"}},
		"a number for a code":         {400, `{"error":0}`, Error{Status: 400, Code: "0"}},
		"an object of REST 3.0":       {400, `{"error":{"code":"BITRIX_REST_V3_X","message":"No","validation":[{"field":"id"}]}}`, Error{Status: 400, Code: "BITRIX_REST_V3_X", Description: "No"}},
		"an error of an unknown kind": {400, `{"error":[1]}`, Error{Status: 400}},
		"a status alone":              {500, `{}`, Error{Status: 500}},
		"a page":                      {500, `<html>`, Error{Status: 500, Page: true}},
		"nothing":                     {204, ``, Error{Status: 204, Page: true}},
		"a list":                      {200, `[]`, Error{Status: 200, Page: true}},
		"neither":                     {200, `{"time":{}}`, Error{Status: 200, Page: true}},
		"cut off":                     {200, `{"result":[1,`, Error{Status: 200, Page: true}},
		"followed by a warning":       {200, `{"result":1}<br>Warning`, Error{Status: 200, Page: true}},
		"a limit with its end":        {429, `{"error":"X","operating_reset_at":1790000600}`, Error{Status: 429, Code: "X", OperatingResetAt: time.Unix(1790000600, 0)}},
		"a limit with its end, text":  {429, `{"error":"X","time":{"operating_reset_at":"1790000600"}}`, Error{Status: 429, Code: "X", OperatingResetAt: time.Unix(1790000600, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAnswer("m", c.status, []byte(c.body))
			if c.want == (Error{}) {
				must(t, err)
				if got.result == nil {
					t.Error("there is no result")
				}
				return
			}
			c.want.Method = "m"
			refusal, ok := errors.AsType[*Error](err)
			if !ok || *refusal != c.want {
				t.Errorf("got %#v, want %#v", err, c.want)
			}
		})
	}
}

func TestDecodeResultKnowsPHPsShapes(t *testing.T) {
	check := func(name, raw string, target any, want string) {
		t.Helper()
		if err := decodeResult(json.RawMessage(raw), target); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		got, err := json.Marshal(target)
		must(t, err)
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	check("a list", `["1",2]`, new([]UserID), `[1,2]`)
	check("a list with gaps, which is an object", `{"5":"1","2":2}`, new([]UserID), `[1,2]`)
	check("an empty object for a list", `{}`, new([]UserID), `[]`)
	check("false for a list", `false`, new([]UserID), `[]`)
	check("an empty map", `[]`, new(map[string]int), `{}`)
	check("a map", `{"a":1}`, new(map[string]int), `{"a":1}`)
	check("no object", `[]`, new(struct{ A int }), `{"A":0}`)
	check("a number as text", `"77"`, new(int64p), `77`)
	check("null for an id", `null`, new(ChatID), `0`)
	check("a list with numbers for keys", `[3,4]`, new(dict[number]), `{"0":3,"1":4}`)
	check("raw", `{"x":[1]}`, new(json.RawMessage), `{"x":[1]}`)
	if err := decodeResult(json.RawMessage(`1`), UserID(0)); err == nil {
		t.Error("a target that is no pointer was accepted")
	}
	if err := decodeResult(json.RawMessage(`1`), nil); err != nil {
		t.Error(err)
	}
	if err := decodeResult(json.RawMessage(`"x"`), new([]UserID)); err == nil {
		t.Error("text was taken for a list")
	}
}

type int64p = number

func TestAnIDIsAWholeNumber(t *testing.T) {
	for raw, want := range map[string]int64{`77`: 77, `"77"`: 77, `77.0`: 77, `null`: 0, `""`: 0, `false`: 0, `[]`: 0, `-5`: -5, `"9007199254740993"`: 9007199254740993} {
		var id UserID
		if err := json.Unmarshal([]byte(raw), &id); err != nil || int64(id) != want {
			t.Errorf("%s: got %d, %v, want %d", raw, id, err, want)
		}
	}
	for _, raw := range []string{`"abc"`, `77.5`, `"7 7"`, `{"a":1}`, `true`, `1e400`, `1e300`, `[1]`} {
		for _, id := range []any{new(UserID), new(ChatID), new(LineID)} {
			if err := json.Unmarshal([]byte(raw), id); err == nil {
				t.Errorf("%s was taken for %v", raw, id)
			}
		}
	}
}

func TestTextOfThePortalIsFitForALogLine(t *testing.T) {
	got := oneLine("a\r\nb\x1b[31m" + strings.Repeat("é", 500))
	if strings.ContainsFunc(got, unicode.IsControl) || len(got) > 310 {
		t.Errorf("got %q", got)
	}
}

// FuzzDecodeResponse looks for bodies that crash the decoder, or that are taken
// for an answer without being one.
func FuzzDecodeResponse(f *testing.F) {
	for _, body := range []string{
		`{"result":{"result":{"a":[{"CHAT_ID":"1763"}]},"result_error":[],"result_total":[],"result_next":[],"result_time":{"a":{"operating_reset_at":1}}},"time":{}}`,
		`{"result":{"result":[1,null],"result_error":{"2":{"error":"X","argument":"Y"}}}}`,
		`{"error":"expired_token","error_description":"The access token provided has expired"}`,
		`{"error":{"code":"X","message":"m"}}`, `{"result":{"15":{"id":15,"name":"A"},"999":null}}`, `{"result":{"item":{"id":77,"observers":{"0":"1"},"hasImol":"N"}}}`,
		`{"result":{"id":1,"entity_data_1":"Y|DEAL|77|N|N|412","entity_id":"a|5|b|c|431","readed_list":{"1":{"user_id":"15"}}}}`,
		`<html>`, ``, `{`, `[]`, `{"result":` + strings.Repeat("[", 100), `{"result":"` + "\xff" + `"}`, `{"result":1e999}`, `{"time":0,"result":0}`,
	} {
		f.Add(200, []byte(body))
		f.Add(503, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := decodeAnswer("m", status, body)
		if err != nil {
			refusal, ok := errors.AsType[*Error](err)
			if !ok || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("got error %q", err)
			}
			_ = refusal.mayHaveRun()
			return
		}
		if status >= 400 || !json.Valid(a.result) {
			t.Fatalf("status %d, accepted %q", status, body)
		}
		for _, target := range []any{
			new([]Chat), new([]User), new(User), new(Dialog), new(Item), new(Profile), new(AppInfo), new(ChatID), new(wireBatch),
			new([]BoundPlacement), new([]BoundEvent), new(map[string]any), new([]any), new(dict[timing]),
		} {
			if decodeResult(a.result, target) != nil {
				continue
			}
			if chats, ok := target.(*[]Chat); ok && slices.ContainsFunc(*chats, func(c Chat) bool { return c.ID == 0 }) {
				t.Fatalf("a chat without an id is left of %q", body)
			}
			if users, ok := target.(*[]User); ok && slices.ContainsFunc(*users, func(u User) bool { return u.ID == 0 }) {
				t.Fatalf("a user without an id is left of %q", body)
			}
		}
	})
}
