package bitrixtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// takeCallFault is the error answer due for one call: before it runs, or
// (applied) after.
func (p *Portal) takeCallFault(c *call, applied bool) *restError {
	user := c.user.ID
	f := p.takeFault(func(f *fault) bool {
		return !slices.Contains(transportKinds, f.Kind) && f.Applied == applied &&
			(f.fits(c.method, user) || !c.batch && f.fits("*", user))
	})
	if f == nil {
		return nil
	}
	return f.error()
}

// change does to the world what the fault asks for.
func (f *fault) change(w *World) {
	if f.Do != nil {
		f.Do(w)
	}
	switch f.Kind {
	case FaultCloseSession:
		w.CloseSession(f.Chat)
	case FaultAcceptSession:
		w.Accept(f.Chat, 1)
	}
}

// error is the error answer of the fault.
func (f *fault) error() *restError {
	e := faultErrors[f.Kind]
	if f.Status != 0 {
		e.Status = f.Status
	}
	if f.Code != "" {
		e.Code = f.Code
	}
	if f.Description != "" {
		e.Description = f.Description
	}
	e.Extra = f.Extra
	return &e
}

// before plays a fault that is not applied; it reports whether the call is to
// run nevertheless.
func (p *Portal) before(w http.ResponseWriter, r *http.Request, f *fault) bool {
	if !p.wait(r, f.Delay) {
		return false
	}
	if f.Kind == FaultSlow {
		return true
	}
	f.play(w, r, nil)
	return false
}

// after plays a fault whose call was carried out; it reports whether the true
// answer is to be sent.
func (p *Portal) after(w http.ResponseWriter, r *http.Request, f *fault, a answer) bool {
	if !p.wait(r, f.Delay) {
		return false
	}
	if f.Kind == FaultSlow {
		return true
	}
	f.play(w, r, a.body)
	return false
}

// wait lets time pass; false means that the caller went away or the portal
// was closed meanwhile.
func (p *Portal) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	case <-p.closed:
		return false
	}
}

// play answers a whole request wrongly.
func (f *fault) play(w http.ResponseWriter, r *http.Request, body any) {
	status := http.StatusInternalServerError
	switch f.Kind {
	case FaultRedirect:
		status = http.StatusFound
	case FaultTruncated:
		status = http.StatusOK
	}
	if f.Status != 0 {
		status = f.Status
	}
	switch f.Kind {
	case FaultDrop:
		panic(http.ErrAbortHandler)
	case FaultRedirect:
		w.Header().Set("Location", f.Location+r.URL.RequestURI())
		w.WriteHeader(status)
	case FaultTruncated:
		if body == nil {
			body = map[string]any{"result": map[string]any{"status": "the rest never comes"}}
		}
		text, _ := json.Marshal(phpValue(body))
		text = text[:len(text)/2]
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(status)
		w.Write(text)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Something went wrong</h1><p>Please try again later.</p></body></html>\n"))
	}
}
