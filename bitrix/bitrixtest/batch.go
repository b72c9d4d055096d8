package bitrixtest

import (
	"net/http"
	"regexp"
	"strings"
)

// maxBatch is how many commands of a batch run.
const maxBatch = 50

// command is one entry of cmd.
type command struct{ key, method, query string }

// batchCommands are the commands of a batch in the order they were sent;
// entries that are not strings are left out. The parameter's name may be in
// any case.
func batchCommands(p params, order map[string][]string) []command {
	name := "cmd"
	for k := range p {
		if strings.EqualFold(k, "cmd") {
			name = k
		}
	}
	entries := p.object(name)
	commands := []command{}
	for _, key := range order[name] {
		if text, ok := entries[key].(string); ok {
			method, query, _ := strings.Cut(text, "?")
			query, _, _ = strings.Cut(query, "#")
			commands = append(commands, command{key, method, query})
		} else {
			commands = append(commands, command{key: key})
		}
	}
	return commands
}

// batchResult collects what the commands of a batch gave, for the answer and
// for references.
type batchResult struct {
	result, failure, total, next, time map[string]any
}

// batch carries out up to 50 commands in the name of one caller, in one process
// (https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html).
func batch(c *call) (any, error) {
	b := batchResult{map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}}
	halt := c.params.upper().truthy("HALT")
	for i, command := range batchCommands(c.params, c.order) {
		if i < maxBatch && command.method == "" && command.query == "" {
			continue
		}
		body, e := c.command(command, i, b)
		if e != nil {
			b.failure[command.key] = e.body()
			if halt {
				break
			}
			continue
		}
		b.add(command.key, body)
	}
	return map[string]any{
		"result": b.result, "result_error": b.failure, "result_total": b.total,
		"result_next": b.next, "result_time": b.time,
	}, nil
}

func (b batchResult) add(key string, body map[string]any) {
	if code, ok := body["error"]; ok { // a method may return an error without throwing it
		b.failure[key] = map[string]any{"error": code, "error_description": body["error_description"]}
		return
	}
	for name, section := range map[string]map[string]any{"result": b.result, "total": b.total, "next": b.next, "time": b.time} {
		if v, ok := body[name]; ok {
			section[key] = v
		}
	}
}

// command runs one command of a batch.
func (c *call) command(cmd command, index int, b batchResult) (map[string]any, *restError) {
	if index >= maxBatch {
		return nil, restErr(http.StatusBadRequest, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
	}
	switch strings.ToLower(cmd.method) {
	case "batch", "download", "upload":
		return nil, restErr(http.StatusMethodNotAllowed, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
	}
	name, m, ok := c.portal.findMethod(cmd.method)
	if !ok {
		return nil, c.memory.relabel(restErr(http.StatusNotFound, "ERROR_METHOD_NOT_FOUND", "Method not found!"))
	}
	if !covers(c.scopes, m.scope) {
		return nil, c.memory.relabel(restErr(http.StatusForbidden, "insufficient_scope", ""))
	}
	query := parseForm(cmd.query)
	b.resolve(query)
	inner := &call{portal: c.portal, world: c.world, method: name, user: c.user, app: c.app, scopes: c.scopes, memory: c.memory, batch: true}
	inner.params, inner.order = query.params()
	return inner.execute(c.portal.options.Now())
}

// reference is $result[key][field] and what may follow it up to a space; the
// portal takes everything up to there as one path.
var reference = regexp.MustCompile(`\$(result|error|total|next|time)(\[\S*)`)

var pathPart = regexp.MustCompile(`\[([^\]]+)\]`)

// resolve replaces the references in all values. A value that is nothing but
// a reference takes whatever it points at, arrays included; one inside a text
// must point at text or a number.
func (b batchResult) resolve(a *array) {
	for _, key := range a.keys {
		switch v := a.values[key].(type) {
		case *array:
			b.resolve(v)
		case string:
			a.values[key] = b.replace(v)
		}
	}
}

func (b batchResult) replace(text string) any {
	if !strings.Contains(text, "$") { // nearly always, and cheaper than to match
		return text
	}
	if m := reference.FindStringSubmatch(text); m != nil && m[0] == text {
		return b.lookup(m[1], m[2])
	}
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		v := b.lookup(m[1], m[2])
		if isArray(v) {
			return ref
		}
		return toString(v)
	})
}

// lookup follows a path; a missing one is an empty string.
func (b batchResult) lookup(section, path string) any {
	var v any = map[string]map[string]any{
		"result": b.result, "error": b.failure, "total": b.total, "next": b.next, "time": b.time,
	}[section]
	for _, part := range pathPart.FindAllStringSubmatch(path, -1) {
		if v = element(v, part[1]); v == nil {
			return ""
		}
	}
	return phpDecoded(v)
}
