package bitrix

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// fast lets benchmarks ask as often as they like.
func fast(body string) Viewer {
	app := newApplication(canned(body))
	app.Limit = Limit{PerSecond: 1e9, Burst: 1e9}
	return app.Viewer(testEndpoint, StaticToken(testToken()))
}

// canned answers every request with the same body.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, err
}

// dialogJSON is a chat with n participants beside the customer.
func dialogJSON(n int) string {
	var readers strings.Builder
	for i := range n {
		fmt.Fprintf(&readers, `,{"user_id":%d,"user_name":"Иван Петров %d","message_id":73,"date":"2026-10-18T12:00:00+03:00"}`, 100+i, i)
	}
	return `{"id":1763,"name":"Ann Lee - Telegram","owner":15,"role":"owner","user_counter":` + fmt.Sprint(n+2) + `,"last_message_id":73,
		"entity_type":"LINES","entity_id":"telegrambot|5|101763|431","entity_data_1":"Y|DEAL|77|N|N|412|1790000000|5|0|0",
		"entity_data_2":"DEAL|77|CONTACT|31|COMPANY|0|LEAD|0","entity_data_3":"N",
		"readed_list":[{"user_id":431,"user_name":"Ann Lee","message_id":73,"date":"2026-10-18T12:00:00+03:00"}` + readers.String() + `]}`
}

// usersJSON is n rows of user.search.
func usersJSON(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"ID":"%d","ACTIVE":true,"NAME":"Ольга","LAST_NAME":"Кузнецова","SECOND_NAME":"","WORK_POSITION":"Инженер",
			"PERSONAL_PHOTO":"https://cdn.example/u/%d.jpg","UF_DEPARTMENT":[7],"IS_ONLINE":"Y","USER_TYPE":"employee"}`, 100+i, i)
	}
	return "[" + strings.Join(rows, ",") + "]"
}

func BenchmarkAddUser(b *testing.B) {
	v := fast(`{"result":1763,"time":{"operating_reset_at":1790000600}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.AddUser(b.Context(), CRMItem{Deal, 77}, 1763, 22); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearchOf50(b *testing.B) {
	body := `{"result":` + usersJSON(50) + `}`
	v := fast(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if users, err := v.SearchUsers(b.Context(), UserSearch{Query: "ольга"}); err != nil || len(users) != 50 {
			b.Fatal(len(users), err)
		}
	}
}

func BenchmarkBatchOf50Dialogs(b *testing.B) {
	results := make([]string, MaxBatch)
	for i := range results {
		results[i] = fmt.Sprintf(`"d%d":%s`, i, dialogJSON(10))
	}
	body := `{"result":{"result":{` + strings.Join(results, ",") + `},"result_error":[],"result_total":[],"result_next":[],"result_time":[]}}`
	v := fast(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		batch := NewBatch()
		batch.Reads = true
		for i := range MaxBatch {
			batch.Dialog(fmt.Sprint("d", i), ChatID(1700+i))
		}
		r, err := v.Batch(b.Context(), batch)
		if err != nil {
			b.Fatal(err)
		}
		for i := range MaxBatch {
			var d Dialog
			if err := r.Decode(fmt.Sprint("d", i), &d); err != nil || len(d.Participants) != 11 {
				b.Fatal(len(d.Participants), err)
			}
		}
	}
}

func BenchmarkParseLaunch(b *testing.B) {
	form := url.Values{
		"AUTH_ID": {testAccess}, "REFRESH_ID": {testRefresh}, "AUTH_EXPIRES": {"3600"}, "member_id": {testMember},
		"status": {"L"}, "PLACEMENT": {"CRM_DEAL_DETAIL_TAB"}, "PLACEMENT_OPTIONS": {`{"ID":"77"}`}, "SERVER_ENDPOINT": {testServer + "/rest/"},
	}.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/app?DOMAIN=acme.example&PROTOCOL=1&LANG=en&APP_SID="+testMember, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, err := ParseLaunch(r); err != nil {
			b.Fatal(err)
		}
	}
}
