package bitrix

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestABatchOnTheWire(t *testing.T) {
	p := portal(result(`{"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[]}`))
	b := NewBatch()
	b.Add("z", "profile", nil)
	b.Chats("a", CRMItem{Deal, 77}, false)
	b.DialogRef("m", "$result[a][0][CHAT_ID]")
	b.Halt = true
	_, err := viewerOf(p).Batch(t.Context(), b)
	must(t, err)
	q := p.wantAsked(t, 1)[0]
	want := `{"auth":"` + testAccess + `","halt":1,"cmd":{"z":"profile",` +
		`"a":"imopenlines.crm.chat.get?ACTIVE_ONLY=N\u0026CRM_ENTITY=77\u0026CRM_ENTITY_TYPE=DEAL",` +
		`"m":"imopenlines.dialog.get?CHAT_ID=%24result%5Ba%5D%5B0%5D%5BCHAT_ID%5D"}}`
	if q.raw != want {
		t.Errorf("the commands must keep their order:\ngot  %s\nwant %s", q.raw, want)
	}
	if q.method != "batch" {
		t.Errorf("got method %s", q.method)
	}
}

func TestEverySectionOfABatchMayBeAMapOrAList(t *testing.T) {
	const failure = `{"error":"ERROR_ARGUMENT","error_description":"Argument 'X' is null or empty","argument":"X"}`
	for name, body := range map[string]string{
		"maps":  `{"result":{"good":"7"},"result_error":{"bad":` + failure + `},"result_total":{"good":120},"result_next":{"good":"50"},"result_time":{"good":{"operating":0.1}}}`,
		"lists": `{"result":{"good":7},"result_error":{"bad":` + failure + `},"result_total":{"good":"120"},"result_next":{"good":50},"result_time":[]}`,
		"texts": `{"result":{"good":7.0},"result_error":{"bad":` + failure + `},"result_total":{"good":120},"result_next":{"good":50},"result_time":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBatch()
			b.Add("good", "a.b", nil)
			b.Add("bad", "c.d", nil)
			b.Add("left", "e.f", nil)
			r, err := viewerOf(portal(result(body))).Batch(t.Context(), b)
			must(t, err)
			var id UserID
			must(t, r.Decode("good", &id))
			if id != 7 || r.Total("good") != 120 || r.Next("good") != 50 || r.Next("bad") != 0 {
				t.Errorf("got %d, %d of %d", id, r.Next("good"), r.Total("good"))
			}
			refusal, ok := errors.AsType[*Error](r.Decode("bad", &id))
			if !ok || refusal.Method != "c.d" || refusal.Argument != "X" || !errors.Is(refusal, ErrArgument) {
				t.Errorf("got %#v", refusal)
			}
			wantIs(t, r.Err("left"), ErrNotRun)
			if err := r.Err("never added"); err == nil || errors.Is(err, ErrNotRun) {
				t.Errorf("got %v for a key nobody added", err)
			}
		})
	}
	var wire wireBatch
	must(t, decodeResult([]byte(`{"result":[1,2],"result_error":["A"],"result_total":[3],"result_next":[],"result_time":[{}]}`), &wire))
	if string(wire.Result["1"]) != "2" || wire.Total["0"] != 3 || decodeError(wire.Error["0"]).Code != "A" {
		t.Errorf("lists are read by their positions, got %+v", wire)
	}
}

func TestABatchAsAWholeMayFail(t *testing.T) {
	for name, c := range map[string]struct {
		react  reaction
		reads  bool
		want   error
		unwant error
	}{
		"refused":                    {refuses(401, "NO_AUTH_FOUND"), false, ErrNoAuth, ErrOutcomeUnknown},
		"lost writes":                {breaks(), false, ErrOutcomeUnknown, ErrUnreachable},
		"lost reads":                 {breaks(), true, ErrUnreachable, ErrOutcomeUnknown},
		"no sections, writes":        {result(`{"something":1}`), false, ErrOutcomeUnknown, nil},
		"no sections, reads":         {result(`{"something":1}`), true, ErrUnreachable, nil},
		"a result that is no object": {result(`"done"`), false, ErrOutcomeUnknown, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBatch()
				b.Reads = c.reads
				b.Profile("me")
				r, err := viewerOf(portal(c.react)).Batch(t.Context(), b)
				wantIs(t, err, c.want)
				if c.unwant != nil {
					wantIsNot(t, err, c.unwant)
				}
				if r != nil {
					t.Error("there is a result beside the error")
				}
			})
		})
	}
}

func TestAnInternalErrorOfACommandLeavesAWriteUnknown(t *testing.T) {
	for _, failure := range []string{
		`{"error":"INTERNAL_SERVER_ERROR","error_description":"` + testAccess + `"}`,
		`{"error":"ERROR_CORE","error_description":"SQL query error!"}`,
	} {
		for _, reads := range []bool{false, true} {
			b := NewBatch()
			b.Reads = reads
			b.Add("a", "user.add", nil)
			r, err := viewerOf(portal(result(`{"result":[],"result_error":{"a":`+failure+`}}`))).Batch(t.Context(), b)
			must(t, err)
			if got := errors.Is(r.Err("a"), ErrOutcomeUnknown); got == reads {
				t.Errorf("%s, reads %v: unknown is %v", failure, reads, got)
			}
			wantNoSecret(t, r.Err("a"))
		}
	}
}

func TestACommandAtItsOperatingLimitIsLeftAloneAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := itoa(time.Now().Add(time.Minute).Unix())
		p := portal(result(`{"result":[],"result_error":{"a":{"error":"OPERATION_TIME_LIMIT"}},"result_time":{"a":{"operating_reset_at":` + at + `}}}`))
		b := NewBatch()
		b.Add("a", "user.get", nil)
		v := viewerOf(p)
		r, err := v.Batch(t.Context(), b)
		must(t, err)
		wantIs(t, r.Err("a"), ErrOperationTimeLimit)
		wantIs(t, v.Read(t.Context(), "user.get", nil, nil), ErrOperationTimeLimit)
		p.wantAsked(t, 1)
	})
}

func TestABatchTakesNoTokenOfItsOwn(t *testing.T) {
	p := portal(result("1"))
	b := NewBatch()
	b.Add("one", "profile", Params{"auth": "another"})
	if _, err := viewerOf(p).Batch(t.Context(), b); err == nil {
		t.Error("it was sent")
	}
	p.wantAsked(t, 0)
}

func TestABatchThatIsWrongIsNotSent(t *testing.T) {
	for name, build := range map[string]func(b *Batch){
		"51 commands": func(b *Batch) {
			for i := range MaxBatch + 1 {
				b.Add(fmt.Sprint("k", i), "profile", nil)
			}
		},
		"a key twice":                    func(b *Batch) { b.Profile("a"); b.Profile("a") },
		"a key that is a number":         func(b *Batch) { b.Profile("1") },
		"a key with brackets":            func(b *Batch) { b.Profile("a[b]") },
		"a batch inside":                 func(b *Batch) { b.Add("a", "Batch", nil) },
		"no method":                      func(b *Batch) { b.Add("a", "", nil) },
		"text that reads as a reference": func(b *Batch) { b.SearchUsers("a", UserSearch{Query: "$result[b][0]"}) },
		"a value without a form":         func(b *Batch) { b.Add("a", "profile", Params{"x": struct{}{}}) },
	} {
		t.Run(name, func(t *testing.T) {
			p := portal(result(`[]`))
			b := NewBatch()
			build(b)
			if r, err := viewerOf(p).Batch(t.Context(), b); err == nil || r != nil {
				t.Errorf("got %v, %v, want an error", r, err)
			}
			p.wantAsked(t, 0)
		})
	}
}

func TestAnEmptyBatchIsNotSent(t *testing.T) {
	p := portal(result(`[]`))
	r, err := viewerOf(p).Batch(t.Context(), NewBatch())
	must(t, err)
	if err := r.Err("a"); err == nil {
		t.Error("an empty batch has an answer")
	}
	p.wantAsked(t, 0)
}

func TestTheNotationOfParametersInABatch(t *testing.T) {
	number := 5
	for want, params := range map[string]Params{
		"":                           nil,
		"a=1&b=x+y%26z":              {"b": "x y&z", "a": 1},
		"f%5B%3EID%5D=7":             {"f": Params{">ID": 7}},
		"l%5B0%5D=1&l%5B1%5D=2":      {"l": []UserID{1, 2}},
		"n=5&y=1&z=0":                {"n": &number, "y": true, "z": false, "gone": nil, "none": []int{}},
		"r%5B0%5D=%24result%5Ba%5D":  {"r": []Ref{"$result[a]"}},
		"price=%24100":               {"price": "$100"},
		"x=1.5":                      {"x": 1.5},
		"t=2026-09-21T12%3A00%3A00Z": {"t": time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)},
		"m%5B1%5D%5Bk%5D=v":          {"m": map[int]map[string]string{1: {"k": "v"}}},
	} {
		got, err := encodeQuery(params)
		must(t, err)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, text := range []string{"$result[a]", "x $RESULT[a]", "$next[a]", "$total[a]", "$error[a]", "$result_error[a]"} {
		if q, err := encodeQuery(Params{"FIND": text}); err == nil || strings.Contains(err.Error(), text) {
			t.Errorf("%q became %q, %v", text, q, err)
		}
	}
}

func TestACommandWhoseResultMakesNoSense(t *testing.T) {
	for _, reads := range []bool{false, true} {
		b := NewBatch()
		b.Reads = reads
		b.Add("a", "user.add", nil)
		r, err := viewerOf(portal(result(`{"result":{"a":"chat"},"result_error":[]}`))).Batch(t.Context(), b)
		must(t, err)
		var id ChatID
		want := map[bool]error{false: ErrOutcomeUnknown, true: ErrUnreachable}[reads]
		wantIs(t, r.Decode("a", &id), want)
	}
}

func TestAResultThatNamesNothingIsNoItemChatOrPerson(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": `null`, "an empty map": `[]`, "an empty object": `{}`, "an empty item": `{"item":[]}`, "an item that is null": `{"item":null}`, "an id of zero": `{"id":0,"ID":"0"}`,
	} {
		for _, target := range []any{new(Item), new(Dialog), new(Profile)} {
			if err := decodeResult([]byte(raw), target); err == nil {
				t.Errorf("%s was taken for a %T", name, target)
			}
		}
	}
}
