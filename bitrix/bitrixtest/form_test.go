package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// TestParametersAreReadAsPHPReadsThem looks at what the portal's log says it understood.
func TestParametersAreReadAsPHPReadsThem(t *testing.T) {
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct {
		name, query, contentType, body, want string
	}{
		{"a form", "", form, "a=1&b=two+words", `{"a":"1","b":"two words"}`},
		{"the query", "a=1&a=2", "", "", `{"a":"2"}`},
		{"the body wins over the query", "a=1&b=1", form, "a=2", `{"a":"2","b":"1"}`},
		{"nested keys", "", form, "f[ID][0]=1&f[ID][1]=2&f[X]=y", `{"f":{"ID":["1","2"],"X":"y"}}`},
		{"keys without a number", "", form, "f[]=a&f[]=b&f[5]=c&f[]=d", `{"f":{"0":"a","1":"b","5":"c","6":"d"}}`},
		{"a list inside a list", "", form, "f[][x]=1&f[][x]=2", `{"f":[{"x":"1"},{"x":"2"}]}`},
		{"an array takes the place of a text", "", form, "f=1&f[x]=2", `{"f":{"x":"2"}}`},
		{"dots and spaces in the first name", "", form, "a.b=1&c+d=2", `{"a_b":"1","c_d":"2"}`},
		{"operators stay", "", form, "FILTER[%3E%3DID]=7&FILTER[!UF_X]=1", `{"FILTER":{"!UF_X":"1",">=ID":"7"}}`},
		{"an operator that is not escaped ends the name", "", form, "FILTER[>=ID]=7", `{"FILTER_>":"ID]=7"}`},
		{"an open bracket", "", form, "a[b=1", `{"a_b":"1"}`},
		{"escaped brackets", "", form, "f%5BID%5D=1", `{"f":{"ID":"1"}}`},
		{"a stray percent sign", "", form, "a=100%&b=%zz", `{"a":"100%","b":"%zz"}`},
		{"nothing but signs", "", form, "&&=1&[x]=2", `{}`},
		{"JSON", "", asJSON, `{"a":1,"b":[1,"2"],"c":{"d":null,"e":true},"f":1.5}`, `{"a":1,"b":[1,"2"],"c":{"d":null,"e":true},"f":1.5}`},
		{"JSON with a charset and the query", "a=1", asJSON + "; charset=utf-8", `{"b":2}`, `{"a":"1","b":2}`},
		{"numbered keys of JSON are a list", "", asJSON, `{"a":{"0":"x","1":"y"},"b":{"1":"x"}}`, `{"a":["x","y"],"b":{"1":"x"}}`},
		{"broken JSON is nothing", "a=1", asJSON, `{"b":`, `{"a":"1"}`},
		{"JSON that is no object", "a=1", asJSON, `"text"`, `{"a":"1"}`},
		{"JSON nested too deep is nothing", "", asJSON, `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, `{}`},
		{"a form without a type", "", "", "a=1", `{"a":"1"}`},
		{"marks of the SDKs are left out", "bx24_request_id=x&bx24_sdk_ver=1&bx24_sdk_type=go&a=1", "", "", `{"a":"1"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bitrixtest.NewPortal(t)
			method := http.MethodPost
			if c.body == "" {
				method = http.MethodGet
			}
			r, err := http.NewRequest(method, p.Webhook(1)+"profile?"+c.query, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			fetchJSON(t, r)
			if got := understood(t, p); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// understood is the parameters of the latest request, as JSON.
func understood(t *testing.T, p *bitrixtest.Portal) string {
	t.Helper()
	log := p.Requests()
	text, err := json.Marshal(log[len(log)-1].Params)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\u003e`, ">", `\u003c`, "<", `\u0026`, "&").Replace(string(text))
}

func TestMultipartFormsAreRead(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, pair := range [][2]string{{"a", "1"}, {"f[x][]", "2"}, {"f[x][]", "3"}} {
		if err := w.WriteField(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	r, err := http.NewRequest(http.MethodPost, p.Webhook(1)+"profile", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	fetchJSON(t, r)
	if got, want := understood(t, p), `{"a":"1","f":{"x":["2","3"]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPagesMayCallTheAPI(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	r, err := http.NewRequest(http.MethodOptions, p.Webhook(1)+"profile", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://app.localhost:1")
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "content-type") {
		t.Errorf("OPTIONS answered %d %v", resp.StatusCode, resp.Header)
	}
}

func TestAReturnedErrorHasStatus200AndNoResult(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	got := callApp(t, p, p.Token(keys.ClientID, 1).Access, bindMethod, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": ""}))
	if got.Status != http.StatusOK || got.Error == nil || got.Result != nil {
		t.Errorf("got %s", got)
	}
}
