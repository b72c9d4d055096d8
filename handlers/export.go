package handlers

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// formats are the files in which the journal can be saved.
var formats = map[string]struct {
	kind string
	to   func(io.Writer) exporter
}{
	"csv":   {"text/csv; charset=utf-8", newCSV},
	"jsonl": {"application/x-ndjson", newJSONLines},
}

// exporter writes entries into a file.
type exporter interface {
	write(e app.Entry) error
	end() error
}

// export sends all that a filter leaves of the journal as a file, as it is read.
// What goes wrong once it has begun breaks the connection: half a file shall not
// look like a whole one.
func (s *server) export(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	format, ok := formats[f.Get("format")]
	if !ok {
		return fmt.Errorf("%w: an unknown format", errForm)
	}
	filter, err := readFilter(f)
	if err != nil {
		return s.amiss(c, v, http.StatusBadRequest, filter, err)
	}
	begin := func() exporter {
		h := c.Response().Header()
		h.Set(echo.HeaderContentType, format.kind)
		h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="joinline-journal-%s.%s"`, s.now().In(filter.zone).Format(time.DateOnly), f.Get("format")))
		c.Response().WriteHeader(http.StatusOK)
		return format.to(c.Response())
	}
	var file exporter
	err = s.app.ExportJournal(c.Request().Context(), v.Visit, filter.EntryFilter, func(e app.Entry) error {
		if file == nil {
			s.leaveDesk(sceneOf(c)) // the portal has nothing to do with the rest
			file = begin()
		}
		return file.write(e)
	})
	switch {
	case err == nil && file == nil:
		file = begin() // of nothing
		fallthrough
	case err == nil:
		err = file.end()
	}
	if err != nil && file != nil {
		s.log.ErrorContext(c.Request().Context(), "the journal was not sent to its end", keyRequest, sceneOf(c).request, keyError, err.Error())
		panic(http.ErrAbortHandler)
	}
	return s.amiss(c, v, http.StatusBadRequest, filter, err)
}

// csvFile is a file for spreadsheets.
type csvFile struct{ *csv.Writer }

// byteOrderMark has Excel read UTF-8, which it takes for something older otherwise.
const byteOrderMark = "\ufeff"

var csvColumns = []string{
	"time", "kind", "asked_by_id", "asked_by", "done_by_id", "done_by", "whom_id", "whom", "item_type", "item_id", "item", "owner_type", "owner_id", "owner",
	"chat_id", "chat", "channel_code", "channel", "line_id", "outcome", "reason", "settled", "note", "detail",
}

func newCSV(w io.Writer) exporter {
	file := csvFile{csv.NewWriter(w)}
	_, _ = io.WriteString(w, byteOrderMark) // should it fail, so does what follows
	file.UseCRLF = true
	_ = file.Write(csvColumns)
	return file
}

func (f csvFile) write(e app.Entry) error {
	asker := e.Asker()
	return f.Write([]string{
		e.At.UTC().Format(time.RFC3339), string(e.Kind), number(asker.ID), cell(asker.Name), number(e.By.ID), cell(e.By.Name),
		number(e.Whom.ID), cell(e.Whom.Name), string(e.Item.Type), number(e.Item.ID), cell(e.ItemName), string(e.Owner.Type), number(e.Owner.ID), cell(e.OwnerName),
		number(e.Chat), cell(e.ChatName), cell(e.Connector), cell(e.Channel), number(e.Line), string(e.State), string(e.Reason),
		instant(e.Settled), strconv.FormatBool(e.Note), cell(e.Detail),
	})
}

func (f csvFile) end() error {
	f.Flush()
	return f.Error()
}

// cell is a text that no spreadsheet takes for a formula: an apostrophe before it
// makes it one. It stays on one line, and is as harmless in its parts: many
// spreadsheets take semicolons for the ends of cells, and in the middle of a line
// no quotes keep them from it.
// https://owasp.org/www-community/attacks/CSV_Injection
func cell(text string) string {
	return formula.ReplaceAllString(breaks.ReplaceAllString(text, " "), "${1}'${2}")
}

var (
	breaks  = regexp.MustCompile(`[\t\r\n\v\f\x{85}\x{2028}\x{2029}]+`)
	formula = regexp.MustCompile(`(^|;)(["'\s\x{a0}]*[=+\-@|%＝＋－＠])`)
)

// instant is a time, or "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// jsonLines is a file for programs: one object a line.
type jsonLines struct{ *json.Encoder }

func newJSONLines(w io.Writer) exporter {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonLines{e}
}

// exported is an entry as the file has it.
type exported struct {
	Time    string        `json:"time"`
	Kind    string        `json:"kind"`
	AskedBy *exportedName `json:"asked_by,omitempty"`
	DoneBy  *exportedName `json:"done_by,omitempty"`
	Whom    *exportedName `json:"whom,omitempty"`
	Item    *exportedItem `json:"item,omitempty"`
	Owner   *exportedItem `json:"owner,omitempty"`
	Chat    *exportedName `json:"chat,omitempty"`
	Code    string        `json:"channel_code,omitempty"`
	Channel string        `json:"channel,omitempty"`
	Line    bitrix.LineID `json:"line_id,omitempty"`
	Outcome string        `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Settled string        `json:"settled,omitempty"`
	Note    bool          `json:"note"`
	Detail  string        `json:"detail,omitempty"`
}

type (
	exportedName struct {
		ID   int64  `json:"id"`
		Name string `json:"name,omitempty"`
	}
	exportedItem struct {
		Type string `json:"type"`
		exportedName
	}
)

func (f jsonLines) write(e app.Entry) error {
	return f.Encode(exported{
		Time: instant(e.At), Kind: string(e.Kind), AskedBy: exportName(int64(e.Asker().ID), e.Asker().Name), DoneBy: exportName(int64(e.By.ID), e.By.Name),
		Whom: exportName(int64(e.Whom.ID), e.Whom.Name), Item: exportItem(e.Item, e.ItemName), Owner: exportItem(e.Owner, e.OwnerName),
		Chat: exportName(int64(e.Chat), e.ChatName), Code: e.Connector, Channel: e.Channel, Line: e.Line,
		Outcome: string(e.State), Reason: string(e.Reason), Settled: instant(e.Settled), Note: e.Note, Detail: e.Detail,
	})
}

func (jsonLines) end() error { return nil }

func exportName(id int64, name string) *exportedName {
	if id == 0 {
		return nil
	}
	return &exportedName{id, name}
}

func exportItem(item bitrix.CRMItem, name string) *exportedItem {
	if item.IsZero() {
		return nil
	}
	return &exportedItem{string(item.Type), exportedName{item.ID, name}}
}
