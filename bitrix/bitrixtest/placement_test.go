package bitrixtest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const (
	handler    = "https://app.example/card"
	bindMethod = "placement.bind"
)

func binding(place string, more ...any) args {
	a := args{"PLACEMENT": place, "HANDLER": handler}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

func TestBindingAPlacement(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	admin, ivan := p.Token(keys.ClientID, 1).Access, p.Token(keys.ClientID, 15).Access
	callApp(t, p, admin, bindMethod, binding("CRM_LEAD_DETAIL_TAB", "TITLE", "Chats")).ok(t)
	callApp(t, p, admin, bindMethod, binding("REST_APP_URI")).ok(t)
	returnedError := func(code string) want { return want{status: 200, code: code} }
	for _, c := range []struct {
		name   string
		token  string
		params args
		want   want
	}{
		{"an employee may not", ivan, binding("CRM_DEAL_DETAIL_TAB"), want{status: 403, code: "ACCESS_DENIED", text: "Access denied!"}},
		{"without a code", admin, args{"HANDLER": handler}, want{status: 400, code: "ERROR_ARGUMENT", text: "'PLACEMENT' must be of type string"}},
		{"a code that is no text", admin, binding("", "PLACEMENT", []int{1}), want{status: 400, code: "ERROR_ARGUMENT", text: "must be of type string"}},
		{"an empty code", admin, binding(""), want{status: 400, code: "ERROR_ARGUMENT", text: "Argument 'The placement code is not specified' is null or empty"}},
		{"the application's own page", admin, binding("default"), want{status: 400, code: "ERROR_ARGUMENT"}},
		{"without a handler", admin, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", ""), want{status: 400, code: "ERROR_ARGUMENT", text: "The URL of the placement handler is not specified"}},
		{"a host without a dot", admin, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", "https://localhost/card"), want{status: 400, code: "ERROR_WRONG_HANDLER_URL", text: "Wrong handler URL"}},
		{"no URL", admin, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", "card"), want{status: 400, code: "ERROR_WRONG_HANDLER_URL"}},
		{"another protocol", admin, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", "ftp://app.example/card"), want{status: 400, code: "ERROR_UNSUPPORTED_PROTOCOL", text: "Unsupported handler protocol"}},
		{"an unknown place", admin, binding("CRM_DEAL_MOON"), want{status: 400, code: "ERROR_PLACEMENT_NOT_FOUND", text: "Placement not found"}},
		{"an icon is missing", admin, binding("IM_SIDEBAR"), want{status: 400, code: "ERROR_ARGUMENT", text: "'iconName'"}},
		{"an empty icon", admin, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": ""}), returnedError("EMPTY_ERROR_ICON_NAME")},
		{"a wrong icon", admin, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": "fa/1"}), returnedError("INVALID_ERROR_ICON_NAME")},
		{"a wrong context", admin, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": "fa-users", "context": "LINES;MOON"}), returnedError("INVALID_ERROR_CONTEXT")},
		{"a wrong width", admin, binding("IM_TEXTAREA", "OPTIONS", args{"iconName": "fa-users", "width": "wide"}), returnedError("INVALID_ERROR_WIDTH")},
		{"a worker without the address for its errors", admin, binding("PAGE_BACKGROUND_WORKER"), returnedError("EMPTY_ERROR_HANDLER_URL")},
		{"for one person", admin, binding("CRM_DEAL_DETAIL_TAB", "USER_ID", 15), want{status: 400, code: "ERROR_PLACEMENT_USER_MODE"}},
		{"a place for one only", admin, binding("REST_APP_URI", "HANDLER", handler+"2"), want{status: 400, code: "ERROR_PLACEMENT_MAX_COUNT", text: "Placement max count: 1"}},
		{"the same again", admin, binding("crm_lead_detail_tab"), want{status: 400, code: "ERROR_CORE", text: "Unable to set placement handler: Handler already binded"}},
		{"another handler at the same place", admin, binding("CRM_LEAD_DETAIL_TAB", "HANDLER", handler+"2"), want{result: "true"}},
		{"parameters in lower case, at an address with numbers", admin, args{"placement": "CRM_DEAL_DETAIL_TAB", "handler": "http://127.0.0.1:8080/card"}, want{result: "true"}},
		{"a smart process", admin, binding("CRM_DYNAMIC_183_DETAIL_TAB"), want{result: "true"}},
		{"the messenger", admin, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": "fa-users", "context": "LINES;CRM"}), want{result: "true"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, callApp(t, p, c.token, bindMethod, c.params)) })
	}
	places := []string{}
	for _, b := range p.Placements() {
		places = append(places, b.Placement)
	}
	if want := []string{"CRM_LEAD_DETAIL_TAB", "REST_APP_URI", "CRM_LEAD_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB", "CRM_DYNAMIC_183_DETAIL_TAB", "IM_SIDEBAR"}; !slices.Equal(places, want) {
		t.Errorf("the portal holds %v, want %v", places, want)
	}
}

func TestPlacesNeedTheirScope(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "placement", "crm")
	access := p.Token(keys.ClientID, 1).Access
	want{status: 400, code: "ERROR_PLACEMENT_NOT_FOUND"}.check(t, callApp(t, p, access, bindMethod, binding("IM_SIDEBAR", "OPTIONS", args{"iconName": "fa-users"})))
	var codes []string
	callApp(t, p, p.Token(keys.ClientID, 15).Access, "placement.list", nil).into(t, &codes)
	if !slices.Contains(codes, "CRM_COMPANY_DETAIL_TAB") || !slices.Contains(codes, "LEFT_MENU") || slices.Contains(codes, "IM_SIDEBAR") {
		t.Errorf("placement.list answers %v", codes)
	}
	callApp(t, p, access, "placement.list", args{"SCOPE": "im"}).into(t, &codes)
	if !slices.Contains(codes, "IM_SIDEBAR") || slices.Contains(codes, "CRM_COMPANY_DETAIL_TAB") {
		t.Errorf("placement.list of a scope answers %v", codes)
	}
	none := registered(t, p, "crm")
	want{status: 403, code: "insufficient_scope"}.check(t, callApp(t, p, p.Token(none.ClientID, 1).Access, "placement.get", nil))
}

func TestBoundPlacementsAreTold(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys, other := registered(t, p), registered(t, p)
	access := p.Token(keys.ClientID, 1).Access
	callApp(t, p, p.Token(other.ClientID, 1).Access, bindMethod, binding("CRM_DEAL_DETAIL_TAB")).ok(t)
	callApp(t, p, access, bindMethod, binding("CRM_DEAL_DETAIL_TAB", "TITLE", "ignored",
		"LANG_ALL", args{"en": args{"TITLE": "Chats"}, "de": args{"TITLE": " Chats hier ", "DESCRIPTION": "D"}}, "OPTIONS", args{"dropped": 1})).ok(t)
	callApp(t, p, access, bindMethod, binding("CRM_LEAD_DETAIL_TAB")).ok(t)
	var rows []json.RawMessage
	callApp(t, p, access, "placement.get", nil).into(t, &rows)
	if len(rows) != 2 {
		t.Fatalf("placement.get answers %s", rows)
	}
	for path, want := range map[string]string{
		"placement": `"CRM_DEAL_DETAIL_TAB"`, "userId": "0", "handler": `"` + handler + `"`, "options": "[]", "title": `"Chats"`,
		"langAll.en.TITLE": `"Chats"`, "langAll.de.TITLE": `"Chats hier"`, "langAll.de.DESCRIPTION": `"D"`, "langAll.en.GROUP_NAME": `""`,
	} {
		if got := compact(at(t, rows[0], path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got := kind(at(t, rows[0], "id")); got != "string" {
		t.Errorf("id is a %s", got)
	}
	if got := compact(at(t, rows[1], "langAll.en.TITLE")); got != `"Test"` {
		t.Errorf("without a title the tab is called %s, want the name of the application", got)
	}
	want{status: 403, code: "ACCESS_DENIED"}.check(t, callApp(t, p, p.Token(keys.ClientID, 15).Access, "placement.get", nil))
}

func TestUnbindingCountsTwice(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 1).Access
	for _, h := range []string{handler, handler + "2", handler + "3"} {
		callApp(t, p, access, bindMethod, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", h)).ok(t)
	}
	unbind := func(params args) answer { return callApp(t, p, access, "placement.unbind", params) }
	want{result: `{"count":2}`}.check(t, unbind(binding("CRM_DEAL_DETAIL_TAB")))
	want{result: `{"count":4}`}.check(t, unbind(args{"placement": "crm_deal_detail_tab"}))
	want{result: `{"count":0}`}.check(t, unbind(binding("CRM_DEAL_MOON")))
	want{status: 400, code: "ERROR_ARGUMENT"}.check(t, unbind(args{"HANDLER": handler}))
	if left := p.Placements(); len(left) != 0 {
		t.Errorf("the portal still holds %+v", left)
	}
}
