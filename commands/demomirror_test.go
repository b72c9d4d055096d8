package commands

import "testing"

func TestAnOriginIsWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for port, want := range map[string]string{"8080": "http://joinline.localhost:8080", "80": "http://joinline.localhost", "8": "http://joinline.localhost:8"} {
		if got := origin("joinline.localhost", port); got != want {
			t.Errorf("on port %s it is %s, want %s", port, got, want)
		}
	}
}
