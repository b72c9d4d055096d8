package views

import "github.com/a-h/templ"

// Home is the application's own page, in the portal's menu.
type Home struct {
	Page
	// Visit is the sealed visit, which the buttons of the sections post.
	Visit string
	// Sections are the parts that the viewer may open.
	Sections []Section
	// Heading is the first heading, and Body what stands under it.
	Heading string
	Body    templ.Component
}

// Section is the button of one part of the page.
type Section struct {
	URL, Name string
	// Current: it is the part that is shown.
	Current bool
}

// current tells screen readers which button belongs to what is shown.
func current(s Section) templ.Attributes {
	if !s.Current {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// Welcome are the first steps.
type Welcome struct {
	Words
	// Lacks are sentences about what keeps Joinline from being of use.
	Lacks []string
	// Deals is the address of the portal's deals. Deal is that of one to try,
	// with its name; "" when there is none.
	Deals, Deal, DealName string
	// Tab is the name of our tab in the cards.
	Tab string
	// Letter is what an administrator may send to the team; "" for others.
	Letter string
}
