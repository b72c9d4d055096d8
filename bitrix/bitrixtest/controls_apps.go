package bitrixtest

import (
	"errors"
	"fmt"
	"time"
)

// client tells what is wrong with the id of an application.
func (p *Portal) client(id string) error {
	if _, ok := p.application(id); !ok {
		return fmt.Errorf("there is no application %q", id)
	}
	return nil
}

// clientAndPerson does the same for an application and a person.
func (p *Portal) clientAndPerson(clientID string, user int) error {
	return errors.Join(p.client(clientID), p.person(user))
}

func (p *Portal) controlApplication(x controlRequest) (any, error) {
	var o appOrder
	if err := strict(x.body, &o); err != nil {
		return nil, err
	}
	if o.ClientID != "" {
		a, ok := p.application(o.ClientID)
		if !ok {
			return nil, fmt.Errorf("there is no application %q", o.ClientID)
		}
		var err error
		if o, err = amended(appOrder{a.ClientID, a.App, a.Access}, x.body); err != nil {
			return nil, err
		}
	}
	if o.HandlerURL == "" || len(o.Scopes) == 0 {
		return nil, errors.New("an application needs a handler_url and scopes")
	}
	c := Credentials{ClientID: o.ClientID}
	if o.ClientID == "" {
		c = p.Register(o.App)
	} else {
		p.Edit(o.ClientID, o.App)
	}
	p.SetAccess(c.ClientID, o.Access...)
	a, _ := p.application(c.ClientID)
	return a.credentials(), nil
}

func (p *Portal) controlUninstall(o clientOrder) (any, error) {
	if err := p.client(o.ClientID); err != nil {
		return nil, err
	}
	p.Uninstall(o.ClientID, o.Clean)
	return nil, nil
}

func (p *Portal) controlUnbind(o placeOrder) (any, error) {
	if err := p.client(o.ClientID); err != nil {
		return nil, err
	}
	if p.Unbind(o.ClientID, o.Placement) == 0 {
		return nil, fmt.Errorf("the application does not stand in %q", o.Placement)
	}
	return nil, nil
}

func (p *Portal) controlToken(o tokenOrder) (any, error) {
	if err := p.clientAndPerson(o.ClientID, o.User); err != nil {
		return nil, err
	}
	return p.Token(o.ClientID, o.User), nil
}

func (p *Portal) controlExpire(o expireOrder) (any, error) {
	if o.Access != "" {
		p.ExpireToken(o.Access)
		return nil, nil
	}
	p.ExpireTokens(o.User)
	return nil, nil
}

func (p *Portal) controlCode(o tokenOrder) (any, error) {
	if err := p.clientAndPerson(o.ClientID, o.User); err != nil {
		return nil, err
	}
	return map[string]string{"code": p.Code(o.ClientID, o.User)}, nil
}

func (p *Portal) controlWebhook(o userOrder) (any, error) {
	if err := p.person(o.User); err != nil {
		return nil, err
	}
	return map[string]string{"url": p.Webhook(o.User)}, nil
}

func (p *Portal) controlLaunch(o launchOrder) (any, error) {
	if err := p.clientAndPerson(o.ClientID, o.User); err != nil {
		return nil, err
	}
	return p.Launch(o.ClientID, o.User, o.Placement, o.Options), nil
}

func (p *Portal) controlSpend(o spendOrder) (any, error) {
	if err := p.client(o.ClientID); err != nil {
		return nil, err
	}
	if _, _, ok := p.findMethod(o.Method); !ok || o.MS < 0 {
		return nil, fmt.Errorf("there is no method %q, or the time is negative", o.Method)
	}
	p.Spend(o.ClientID, o.Method, time.Duration(o.MS)*time.Millisecond)
	return nil, nil
}
