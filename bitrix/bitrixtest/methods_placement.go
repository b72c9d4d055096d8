package bitrixtest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// placementScopes are the places by the scope that opens them; "" are open to all.
var placementScopes = func() map[string][]string {
	places := map[string][]string{
		"":   {"LEFT_MENU", "REST_APP_URI", "PAGE_BACKGROUND_WORKER"},
		"im": {"IM_SIDEBAR", "IM_TEXTAREA", "IM_CONTEXT_MENU", "IM_NAVIGATION", "IMMOBILE_CONTEXT_MENU"},
	}
	for _, t := range []string{"LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE"} {
		for _, place := range []string{"DETAIL_TAB", "DETAIL_TOOLBAR", "DETAIL_ACTIVITY", "LIST_MENU", "LIST_TOOLBAR", "DOCUMENTGENERATOR_BUTTON"} {
			places["crm"] = append(places["crm"], "CRM_"+t+"_"+place)
		}
	}
	places["crm"] = append(places["crm"],
		"CRM_LEAD_ACTIVITY_TIMELINE_MENU", "CRM_DEAL_ACTIVITY_TIMELINE_MENU", "CRM_QUOTE_ACTIVITY_TIMELINE_MENU", "CRM_SMART_INVOICE_ACTIVITY_TIMELINE_MENU",
		"CRM_ORDER_DETAIL_TAB", "CRM_ORDER_DETAIL_ACTIVITY", "CRM_ORDER_LIST_TOOLBAR", "CRM_ACTIVITY_LIST_MENU", "CRM_DETAIL_SEARCH")
	return places
}()

var dynamicPlace = regexp.MustCompile(`^CRM_DYNAMIC_\d+_(DETAIL_TAB|DETAIL_TOOLBAR|DETAIL_ACTIVITY|LIST_MENU|LIST_TOOLBAR|ACTIVITY_TIMELINE_MENU)$`)

// places are the codes that a token's scopes open.
func places(scopes []string) []string {
	open := slices.Clone(placementScopes[""])
	for _, scope := range scopes {
		open = append(open, placementScopes[scope]...)
	}
	return open
}

func (c *call) placeOpen(code string) bool {
	return slices.Contains(places(c.scopes), code) || slices.Contains(c.scopes, "crm") && dynamicPlace.MatchString(code)
}

func placementBind(c *call) (any, error) {
	p := c.params.upper()
	if e := checkPlaceType(p); e != nil {
		return nil, e
	}
	code, handler := strings.ToUpper(p.string("PLACEMENT")), p.string("HANDLER")
	switch {
	case code == "":
		return nil, argNull("The placement code is not specified")
	case code == "DEFAULT":
		return nil, argNull("The placement code has an incorrect value")
	case handler == "":
		return nil, argNull("The URL of the placement handler is not specified")
	}
	if e := checkHandler(handler); e != nil {
		return nil, e
	}
	if !c.placeOpen(code) {
		return nil, restErr(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
	}
	options, refused, e := placeOptions(code, p)
	if e != nil {
		return nil, e
	}
	if p.int("USER_ID") > 0 && code != "PAGE_BACKGROUND_WORKER" {
		return nil, restErr(400, "ERROR_PLACEMENT_USER_MODE", "User mode is not available.")
	}
	bound := func(b *Placement) bool { return b.ClientID == c.app.ClientID && b.Placement == code }
	if (code == "REST_APP_URI" || code == "PAGE_BACKGROUND_WORKER") && slices.ContainsFunc(c.portal.placements, bound) {
		return nil, restErr(400, "ERROR_PLACEMENT_MAX_COUNT", "Placement max count: 1")
	}
	if refused != nil {
		return refused, nil
	}
	if slices.ContainsFunc(c.portal.placements, func(b *Placement) bool { return bound(b) && b.Handler == handler }) {
		return nil, restErr(400, "ERROR_CORE", "Unable to set placement handler: Handler already binded")
	}
	titles := placeTitles(p, c.portal.options.Language)
	if len(titles) == 0 {
		titles[c.portal.options.Language] = PlacementTitle{Title: c.app.title(c.portal.options.Language)}
	}
	c.portal.nextBind++
	c.portal.placements = append(c.portal.placements, &Placement{
		ID: c.portal.nextBind, ClientID: c.app.ClientID, Placement: code, UserID: p.int("USER_ID"),
		Handler: handler, Options: options, Titles: titles,
	})
	return true, nil
}

// checkPlaceType refuses a PLACEMENT that is missing or no text.
func checkPlaceType(p params) *restError {
	if p.isString("PLACEMENT") {
		return nil
	}
	e := restErr(400, "ERROR_ARGUMENT", "The value of an argument 'PLACEMENT' must be of type string")
	e.Extra = map[string]any{"argument": "PLACEMENT"}
	return e
}

// placeTitles reads LANG_ALL, or else the single title, which counts for the
// portal's language.
func placeTitles(p params, language string) map[string]PlacementTitle {
	read := func(q params) PlacementTitle {
		trimmed := func(name string) string { return strings.TrimSpace(q.string(name)) }
		return PlacementTitle{Title: trimmed("TITLE"), Description: trimmed("DESCRIPTION"), Group: trimmed("GROUP_NAME")}
	}
	titles := map[string]PlacementTitle{}
	all := p.object("LANG_ALL")
	for lang := range all {
		titles[lang] = read(all.object(lang).upper())
	}
	if one := read(p); len(all) == 0 && one != (PlacementTitle{}) {
		titles[language] = one
	}
	return titles
}

var iconName = regexp.MustCompile(`^[A-Za-z -]{1,50}$`)

// placeOptions keeps the options that a place defines. What the messenger's
// own check refuses is returned, with HTTP 200, instead of thrown
// (portal source: im/lib/V2/Marketplace/RegistrationValidator.php).
func placeOptions(code string, p params) (options map[string]any, refused returned, e *restError) {
	given := p.object("OPTIONS")
	options = map[string]any{}
	keep := func(names ...string) {
		for _, name := range names {
			if given.has(name) {
				options[name] = given.string(name)
			}
		}
	}
	switch {
	case strings.HasSuffix(code, "_DETAIL_ACTIVITY"):
		keep("useBuiltInInterface", "newUserNotificationTitle", "newUserNotificationText")
	case code == "PAGE_BACKGROUND_WORKER":
		keep("errorHandlerUrl")
		if given.empty("errorHandlerUrl") {
			refused = returned{"error": "EMPTY_ERROR_HANDLER_URL", "error_description": "Field errorHandlerUrl is empty."}
		}
	case strings.HasPrefix(code, "IM_"):
		if _, sent := given["iconName"]; code != "IM_CONTEXT_MENU" && !sent {
			return nil, nil, argNull("iconName")
		}
		keep("iconName", "color", "context", "role", "extranet")
		if code == "IM_TEXTAREA" {
			options["width"], options["height"] = 100, 100
			for _, name := range []string{"width", "height"} {
				if given.has(name) {
					options[name] = given.int(name)
				}
			}
		}
		refused = checkMessengerOptions(given, options)
	}
	return options, refused, nil
}

// messengerValues are the values that options of the messenger's places take.
var messengerValues = map[string][]string{
	"role": {"USER", "ADMIN"}, "extranet": {"Y", "N"}, "context": {"ALL", "USER", "CHAT", "LINES", "CRM"},
	"color": {"RED", "GREEN", "MINT", "LIGHT_BLUE", "DARK_BLUE", "PURPLE", "AQUA", "PINK", "LIME", "BROWN", "AZURE", "KHAKI", "SAND", "ORANGE", "MARENGO", "GRAY", "GRAPHITE"},
}

func checkMessengerOptions(given, kept params) returned {
	wrong := func(name string) returned {
		return returned{"error": "INVALID_ERROR_" + strings.ToUpper(name), "error_description": "Field " + name + " is invalid."}
	}
	if _, sent := given["iconName"]; sent && given.empty("iconName") {
		return returned{"error": "EMPTY_ERROR_ICON_NAME", "error_description": "Field iconName is empty."}
	}
	if given.has("iconName") && !iconName.MatchString(given.string("iconName")) {
		return returned{"error": "INVALID_ERROR_ICON_NAME", "error_description": "Field iconName is invalid."}
	}
	for _, name := range slices.Sorted(maps.Keys(messengerValues)) {
		for value := range strings.SplitSeq(given.string(name), ";") {
			if given.has(name) && !slices.Contains(messengerValues[name], value) {
				return wrong(name)
			}
		}
	}
	for _, name := range []string{"width", "height"} {
		if kept.has(name) && kept.int(name) <= 0 {
			return wrong(name)
		}
	}
	return nil
}

func placementUnbind(c *call) (any, error) {
	p := c.params.upper()
	if e := checkPlaceType(p); e != nil {
		return nil, e
	}
	code := strings.ToUpper(p.string("PLACEMENT"))
	if code == "" {
		return nil, argNull("PLACEMENT")
	}
	before := len(c.portal.placements)
	c.portal.placements = slices.DeleteFunc(c.portal.placements, func(b *Placement) bool {
		return b.ClientID == c.app.ClientID && b.Placement == code &&
			(p.empty("HANDLER") || b.Handler == p.string("HANDLER")) && (!p.has("USER_ID") || b.UserID == p.int("USER_ID"))
	})
	// Each removed record is counted twice: once found, once deleted.
	return map[string]any{"count": 2 * (before - len(c.portal.placements))}, nil
}

func placementGet(c *call) (any, error) {
	rows := []any{}
	for _, b := range c.portal.placements {
		if b.ClientID != c.app.ClientID {
			continue
		}
		shown, all := PlacementTitle{Title: c.app.title(c.portal.options.Language)}, map[string]any{}
		for lang, t := range b.Titles {
			all[lang] = map[string]any{"TITLE": t.Title, "DESCRIPTION": t.Description, "GROUP_NAME": t.Group}
		}
		if t, ok := b.Titles[c.portal.options.Language]; ok {
			shown = t
		} else if t, ok := b.Titles["en"]; ok {
			shown = t
		}
		rows = append(rows, map[string]any{
			"id": strconv.Itoa(b.ID), "placement": b.Placement, "userId": b.UserID, "handler": b.Handler, "options": b.Options,
			"title": shown.Title, "description": shown.Description, "langAll": all,
		})
	}
	return rows, nil
}

func placementList(c *call) (any, error) {
	p := c.params.upper()
	switch {
	case p.has("SCOPE") && p.string("SCOPE") == "":
		return placementScopes[""], nil
	case p.has("SCOPE"):
		return placementScopes[p.string("SCOPE")], nil
	case p.truthy("FULL"):
		return places(sortedKeys(placementScopes)[1:]), nil
	}
	return places(c.scopes), nil
}
