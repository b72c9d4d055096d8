package bitrixtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The bodies of controls.
type (
	userOrder struct {
		User int `json:"user"`
	}
	chatOrder struct {
		Chat int `json:"chat"`
	}
	acceptOrder struct {
		Chat     int `json:"chat"`
		Operator int `json:"operator"`
	}
	messageOrder struct {
		Chat   int    `json:"chat"`
		Author int    `json:"author"`
		Text   string `json:"text"`
	}
	faultOrder struct {
		Fault
		DelayMS int `json:"delay_ms"`
	}
	framesOrder struct {
		Switches []string `json:"switches"`
	}
	switchOrder struct {
		Switches
		URL string `json:"url"`
	}
	appOrder struct {
		ClientID string `json:"client_id"`
		App
		Access []string `json:"access"`
	}
	clientOrder struct {
		ClientID string `json:"client_id"`
		Clean    bool   `json:"clean"`
	}
	tokenOrder struct {
		ClientID string `json:"client_id"`
		User     int    `json:"user"`
	}
	launchOrder struct {
		ClientID  string `json:"client_id"`
		User      int    `json:"user"`
		Placement string `json:"placement"`
		Options   string `json:"options"`
	}
	expireOrder struct {
		User   int    `json:"user"`
		Access string `json:"access"`
	}
	placeOrder struct {
		ClientID  string `json:"client_id"`
		Placement string `json:"placement"`
	}
	spendOrder struct {
		ClientID string `json:"client_id"`
		Method   string `json:"method"`
		MS       int    `json:"ms"`
	}
)

// controls are all addresses under /_portal/.
func controls() []control {
	return []control{
		{"GET /_portal/state", "the whole world, or with ?only=chats,users some tables of it; of tokens only whose they are", nil, (*Portal).controlState},
		{"POST /_portal/sign-in", "sign this browser in as a person (sets a cookie)", []string{"user"}, (*Portal).controlSignIn},

		reads("GET /_portal/requests", "the requests on REST and on the authorisation server", func(p *Portal) (any, error) { return p.Requests(), nil }),
		reads("DELETE /_portal/requests", "forget them", func(p *Portal) (any, error) { p.ResetRequests(); return nil, nil }),
		reads("GET /_portal/faults", "the faults at work", func(p *Portal) (any, error) { return p.faultList(), nil }),
		takes("POST /_portal/faults", "make calls of a method fail; kinds are those of FaultKind", (*Portal).controlFault),
		reads("DELETE /_portal/faults", "forget all faults", func(p *Portal) (any, error) { p.ClearFaults(); return nil, nil }),
		reads("GET /_portal/frames", "the switches of application frames, and what frames said to the pages", (*Portal).controlFramesNow),
		takes("POST /_portal/frames", "how pages treat application frames: "+strings.Join(frameSwitches, ", "), (*Portal).controlFrames),
		reads("DELETE /_portal/frames", "forget the switches, and what frames said", (*Portal).controlFramesReset),
		reads("GET /_portal/switches", "how the portal behaves", func(p *Portal) (any, error) { return p.switchesNow(), nil }),
		{"POST /_portal/switches", "change that; what is not named stays; times are in nanoseconds. A new url is the portal's new address, the old one redirects there",
			fieldNames(reflect.TypeFor[switchOrder]()), (*Portal).controlSwitches},

		takes("POST /_portal/sessions/accept", "an operator takes a dialog", (*Portal).controlAccept),
		takes("POST /_portal/sessions/close", "the dialog is finished", (*Portal).controlClose),
		takes("POST /_portal/sessions/reopen", "the next dialog begins; without an operator it waits", (*Portal).controlReopen),
		takes("POST /_portal/messages", "the operator, the customer or a participant writes", (*Portal).controlMessage),
		takes("POST /_portal/users/dismiss", "dismiss a person", func(p *Portal, o userOrder) (any, error) { return p.changePerson(o.User, (*World).Dismiss) }),
		takes("POST /_portal/users/restore", "take a person back", func(p *Portal, o userOrder) (any, error) { return p.changePerson(o.User, (*World).Restore) }),

		amends("POST /_portal/users", "add or change a person, rights included", (*World).userToAmend, (*World).amendUser),
		amends("POST /_portal/departments", "add or change a department", (*World).departmentToAmend, (*World).amendDepartment),
		amends("POST /_portal/items", "add or change a CRM item", (*World).itemToAmend, (*World).amendItem),
		takes("POST /_portal/items/delete", "delete a CRM item", (*Portal).controlDeleteItem),
		amends("POST /_portal/lines", "add or change an Open Channel", (*World).lineToAmend, (*World).amendLine),
		amends("POST /_portal/connectors", "add a channel type, or switch one on or off", (*World).connectorToAmend, (*World).amendConnector),
		takes("POST /_portal/chats", "add a chat with one session", (*Portal).controlAddChat),

		{"POST /_portal/applications", "register an application; with client_id change one. Answers its keys", fieldNames(reflect.TypeFor[appOrder]()), (*Portal).controlApplication},
		takes("POST /_portal/applications/finish", "its installation is finished", func(p *Portal, o clientOrder) (any, error) { return nil, p.FinishInstall(o.ClientID) }),
		takes("POST /_portal/applications/delete", "delete an application", (*Portal).controlUninstall),
		takes("POST /_portal/placements/delete", "take an application out of a place, or without one out of all", (*Portal).controlUnbind),
		takes("POST /_portal/tokens", "a fresh pair of tokens of a person for an application", (*Portal).controlToken),
		takes("POST /_portal/tokens/expire", "make access tokens old: one, or a person's; user 0 is everybody", (*Portal).controlExpire),
		takes("POST /_portal/codes", "the code of a person who let an application in", (*Portal).controlCode),
		takes("POST /_portal/webhooks", "a person's inbound webhook", (*Portal).controlWebhook),
		takes("POST /_portal/launches", "the form by which a page of an application is opened", (*Portal).controlLaunch),
		takes("POST /_portal/operating", "charge an application for time that a method took", (*Portal).controlSpend),
	}
}

func (p *Portal) controlState(x controlRequest) (any, error) {
	only := x.r.URL.Query().Get("only")
	state := p.State()
	if only == "" {
		return state, nil
	}
	tables, some := reflect.ValueOf(state), map[string]any{}
	names := fieldNames(tables.Type())
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("the state has no %q, but %s", name, strings.Join(names, ", "))
		}
		some[name] = tables.Field(i).Interface()
	}
	return some, nil
}

func (p *Portal) controlSignIn(x controlRequest) (any, error) {
	var o userOrder
	if err := strict(x.body, &o); err != nil {
		return nil, err
	}
	if err := p.person(o.User); err != nil {
		return nil, err
	}
	p.signIn(x.w, x.r, o.User)
	return nil, nil
}

func (p *Portal) controlFault(o faultOrder) (any, error) {
	o.Fault.Delay = time.Duration(o.DelayMS) * time.Millisecond
	return nil, p.fail(o.Fault)
}

func (p *Portal) controlFrames(o framesOrder) (any, error) { return nil, p.setFrames(o.Switches) }

func (p *Portal) controlFramesNow() (any, error) {
	calls := append([]FrameCall{}, p.FrameCalls()...)
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]any{"switches": append([]string{}, p.frameBook().switches...), "calls": calls}, nil
}

func (p *Portal) controlFramesReset() (any, error) {
	p.SetFrames()
	p.ResetFrameCalls()
	return nil, nil
}

func (p *Portal) controlSwitches(x controlRequest) (any, error) {
	o := switchOrder{Switches: p.switchesNow()}
	if err := strict(x.body, &o); err != nil {
		return nil, err
	}
	if o.Rate < 0 || o.Burst < 0 || o.OperatingLimit < 0 {
		return nil, errors.New("limits cannot be negative")
	}
	if o.URL != "" {
		if err := p.SetURL(o.URL); err != nil {
			return nil, fmt.Errorf("url %q: %w", o.URL, err)
		}
	}
	p.Switch(func(s *Switches) { *s = o.Switches })
	return p.switchesNow(), nil
}

func (p *Portal) switchesNow() (now Switches) {
	p.Switch(func(s *Switches) { now = *s })
	return now
}

func (p *Portal) faultList() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []Fault{}
	for _, f := range p.faults {
		list = append(list, f.Fault)
	}
	return list
}

// person tells what is wrong with an id of an active person.
func (p *Portal) person(id int) (err error) {
	p.Do(func(w *World) {
		if u := w.Users[id]; u == nil || !u.Active {
			err = fmt.Errorf("there is no active person %d", id)
		}
	})
	return err
}

// withChat runs do for an Open Channel chat that exists.
func (p *Portal) withChat(id int, do func(w *World, c *Chat) error) (any, error) {
	var err error
	p.Do(func(w *World) {
		c := w.Chats[id]
		if c == nil || !c.isLines() {
			err = fmt.Errorf("there is no Open Channel chat %d", id)
			return
		}
		err = do(w, c)
	})
	return nil, err
}

func employee(w *World, id int) error {
	if u := w.Users[id]; u == nil || !u.Active || u.Type != Employee {
		return fmt.Errorf("there is no active employee %d", id)
	}
	return nil
}

func (p *Portal) controlAccept(o acceptOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if err := employee(w, o.Operator); err != nil {
			return err
		}
		if c.Session == 0 {
			return fmt.Errorf("chat %d has no dialog to accept: reopen it", o.Chat)
		}
		w.Accept(o.Chat, o.Operator)
		return nil
	})
}

func (p *Portal) controlClose(o chatOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if c.Session == 0 {
			return fmt.Errorf("the dialog of chat %d is finished already", o.Chat)
		}
		w.CloseSession(o.Chat)
		return nil
	})
}

func (p *Portal) controlReopen(o acceptOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if c.Session != 0 {
			return fmt.Errorf("the dialog of chat %d is not finished", o.Chat)
		}
		if o.Operator != 0 {
			if err := employee(w, o.Operator); err != nil {
				return err
			}
		}
		w.Reopen(o.Chat, o.Operator)
		return nil
	})
}

func (p *Portal) controlMessage(o messageOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if strings.TrimSpace(o.Text) == "" {
			return errors.New("text is missing")
		}
		if o.Author != 0 && w.Users[o.Author] == nil {
			return fmt.Errorf("there is no person %d", o.Author)
		}
		w.PostMessage(o.Chat, o.Author, o.Text)
		return nil
	})
}

func (p *Portal) changePerson(id int, change func(w *World, user int)) (_ any, err error) {
	p.Do(func(w *World) {
		if w.Users[id] == nil {
			err = fmt.Errorf("there is no person %d", id)
			return
		}
		change(w, id)
	})
	return nil, err
}

func (p *Portal) controlDeleteItem(key ItemKey) (_ any, err error) {
	p.Do(func(w *World) {
		if !w.RemoveItem(key) {
			err = fmt.Errorf("there is no item %s %d", key.Type, key.ID)
		}
	})
	return nil, err
}

func (p *Portal) controlAddChat(n NewChat) (added any, err error) {
	p.Do(func(w *World) {
		if err = w.checkChat(n); err == nil {
			added = w.stateOf(w.AddChat(n))
		}
	})
	return added, err
}
