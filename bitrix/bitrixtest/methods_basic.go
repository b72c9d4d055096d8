package bitrixtest

import (
	"slices"
	"strconv"
	"strings"
)

func scope(c *call) (any, error) {
	p := c.params.upper()
	if p.truthy("FULL") && p.string("FULL") != "false" {
		return []string{"crm", "department", "im", "imbot", "imopenlines", "placement", "user", "user_basic", "user_brief"}, nil
	}
	return c.scopes, nil
}

func methodNames(c *call) (any, error) {
	names := []string{}
	for _, name := range sortedKeys(c.portal.methods) {
		if covers(c.scopes, c.portal.methods[name].scope) {
			names = append(names, name)
		}
	}
	return names, nil
}

// methodGet tells whether a method exists and may be called
// (https://apidocs.bitrix24.com/api-reference/common/system/method-get.html).
func methodGet(c *call) (any, error) {
	_, m, exists := c.portal.findMethod(c.params.upper().string("NAME"))
	return map[string]any{"isExisting": exists, "isAvailable": exists && covers(c.scopes, m.scope)}, nil
}

// appInfo is app.info of the portal
// (https://apidocs.bitrix24.com/api-reference/common/system/app-info.html).
func appInfo(c *call) (any, error) {
	if c.app == nil {
		return map[string]any{"SCOPE": c.scopes, "LICENSE": "en_basic"}, nil
	}
	return map[string]any{
		"ID": c.app.ID, "CODE": c.app.ClientID, "VERSION": 1, "STATUS": "L", "INSTALLED": c.app.Installed,
		"PAYMENT_EXPIRED": "N", "DAYS": nil, "LANGUAGE_ID": c.portal.options.Language,
		"LICENSE": "en_basic", "LICENSE_TYPE": "basic", "LICENSE_FAMILY": "basic",
	}, nil
}

// profile is who the token belongs to
// (https://apidocs.bitrix24.com/api-reference/common/users/profile.html).
func profile(c *call) (any, error) {
	row := map[string]any{
		"ID": strconv.Itoa(c.user.ID), "ADMIN": c.user.Admin, "NAME": c.user.Name, "LAST_NAME": c.user.LastName,
		"PERSONAL_GENDER": c.user.Gender, "TIME_ZONE": "",
	}
	if c.user.Photo != "" {
		row["PERSONAL_PHOTO"] = c.user.Photo
	}
	return row, nil
}

func userAccess(c *call) (any, error) {
	p := c.params.upper()
	codes := p.strings("ACCESS")
	if len(codes) == 0 {
		return nil, argNull("ACCESS")
	}
	return c.user.Admin || c.world.hasAccess(c.user, codes), nil
}

// accessName names access codes
// (https://apidocs.bitrix24.com/api-reference/common/system/access-name.html).
func accessName(c *call) (any, error) {
	p := c.params.upper()
	if !p.isArray("ACCESS") || p.empty("ACCESS") {
		return false, nil
	}
	names := map[string]any{}
	for _, code := range p.strings("ACCESS") {
		if provider, name := c.world.accessCode(code); name != "" {
			names[code] = map[string]any{"provider": provider, "name": name, "provider_id": strings.ToLower(strings.TrimRight(code, "0123456789"))}
		}
	}
	return names, nil
}

// accessCode is the kind and the name of the holder of an access code.
func (w *World) accessCode(code string) (provider, name string) {
	code = strings.ToUpper(code) // before it is cut: the capital of a letter may be longer
	kind := strings.TrimRight(code, "0123456789")
	id, _ := strconv.Atoi(code[len(kind):])
	switch {
	case code == "AU":
		return "", "All authorized users"
	case kind == "G" && slices.Contains([]int{1, 2}, id):
		return "", []string{"Administrators", "All users"}[id-1]
	case (kind == "U" || kind == "IU") && w.Users[id] != nil:
		return "Users", w.Users[id].FullName()
	case (kind == "D" || kind == "DR") && w.Departments[id] != nil:
		return "Departments", w.Departments[id].Name
	case kind == "SG" && w.Workgroups[id] != nil:
		return "Workgroups", w.Workgroups[id].Name
	}
	return "", ""
}
