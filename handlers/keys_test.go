package handlers

import (
	"testing"

	"github.com/joinline/joinline/app"
)

func TestAPageOutlivesAChangeOfTheSecretKey(t *testing.T) {
	w := installed(t)
	f, cookies := w.browsed(t, ivan, "DEAL", "77")
	chats := request{path: "/card/chats", form: f, cookies: cookies}
	w.config.Key, w.config.OlderKeys = app.NewKey(), []app.Key{w.key}
	w.Handler = New(w.config)
	w.do(t, chats).wantStatus(t, 200)

	w.config.OlderKeys = nil
	w.Handler = New(w.config)
	w.do(t, chats).wantStatus(t, 400)
}
