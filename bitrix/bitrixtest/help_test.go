package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// answer is what came back from a REST call.
type answer struct {
	Status      int             `json:"-"`
	Header      http.Header     `json:"-"`
	Result      json.RawMessage `json:"result"`
	Error       *string         `json:"error"`
	Description string          `json:"error_description"`
	Argument    string          `json:"argument"`
	Total       *int            `json:"total"`
	Next        *int            `json:"next"`
}

// browser makes the calls; it is safe for concurrent use.
var browser = bitrixtest.HTTPClient()

type args map[string]any

// call makes one REST call with the inbound webhook of a person.
func call(t *testing.T, p *bitrixtest.Portal, user int, method string, params args) answer {
	t.Helper()
	return post(t, p.Webhook(user)+method, params)
}

// callApp makes one REST call with a person's access token of an application.
func callApp(t *testing.T, p *bitrixtest.Portal, token, method string, params args) answer {
	t.Helper()
	with := args{"auth": token}
	for k, v := range params {
		with[k] = v
	}
	return post(t, p.RESTURL()+method, with)
}

func post(t *testing.T, url string, params args) answer {
	t.Helper()
	if params == nil {
		params = args{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Status: resp.StatusCode, Header: resp.Header}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s answered %q: %v", url, text, err)
	}
	return a
}

// ok fails the test unless the call succeeded, and is its result.
func (a answer) ok(t *testing.T) json.RawMessage {
	t.Helper()
	if a.Error != nil || a.Status != http.StatusOK {
		t.Fatalf("got %s, want success", a)
	}
	return a.Result
}

// into decodes the result of a successful call.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.ok(t), v); err != nil {
		t.Fatalf("decoding %s: %v", a.Result, err)
	}
}

func (a answer) String() string {
	if a.Error == nil {
		return strconv.Itoa(a.Status) + " " + string(a.Result)
	}
	return strconv.Itoa(a.Status) + " " + *a.Error + " " + strconv.Quote(a.Description)
}

// want is what an answer has to be: a result as JSON, or an error.
type want struct {
	result string
	status int
	code   string
	text   string // a part of the description
}

func (w want) check(t *testing.T, a answer) {
	t.Helper()
	if w.code == "" && w.status == 0 {
		if got := compact(a.ok(t)); got != w.result {
			t.Errorf("got the result %s, want %s", got, w.result)
		}
		return
	}
	if a.Error == nil || a.Status != w.status || *a.Error != w.code || !strings.Contains(a.Description, w.text) {
		t.Errorf("got %s, want %d %s %q", a, w.status, w.code, w.text)
	}
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// at is the part of a JSON value at a path of keys and indexes, "0.ID".
func at(t *testing.T, raw json.RawMessage, path string) json.RawMessage {
	t.Helper()
	if path == "" {
		return raw
	}
	for key := range strings.SplitSeq(path, ".") {
		var m map[string]json.RawMessage
		var l []json.RawMessage
		if i, err := strconv.Atoi(key); err == nil && json.Unmarshal(raw, &l) == nil && i < len(l) {
			raw = l[i]
			continue
		}
		if err := json.Unmarshal(raw, &m); err != nil || m[key] == nil {
			t.Fatalf("no %s of %s in %s", key, path, raw)
		}
		raw = m[key]
	}
	return raw
}

// kind names the JSON type of a value: int and number are told apart.
func kind(raw json.RawMessage) string {
	text := compact(raw)
	switch {
	case text == "null":
		return "null"
	case text == "true" || text == "false":
		return "bool"
	case strings.HasPrefix(text, `"`):
		return "string"
	case strings.HasPrefix(text, "["):
		return "array"
	case strings.HasPrefix(text, "{"):
		return "object"
	}
	if _, err := strconv.Atoi(text); err == nil {
		return "int"
	}
	return "number"
}
