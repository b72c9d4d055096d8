package bitrix

import (
	"net/http"
	"time"
)

// FormError tells which field of a posted form cannot be accepted. It never
// holds the value.
type FormError struct {
	Field  string // as posted, "PLACEMENT_OPTIONS"; empty for the request as a whole
	Reason string // "is missing", "is given twice", …
	Status int    // the HTTP status to answer with: 400, 405, 413 or 415

	cause error
}

// Launch is the form by which the portal opens the application in its frame.
// Nothing in it is proven; see [Application.Inspect].
type Launch struct {
	MemberID         MemberID
	Domain           string // host of the portal, with a port if it is unusual
	Secure           bool   // the portal is served over https
	Language         string // two letters, "en"; empty when the portal sent anything else
	AppSID           string // names this rendering of the frame in window messages
	Access, Refresh  Secret
	ExpiresIn        time.Duration // of the access token; zero when not told
	Server           string        // origin of the authorisation server; empty when absent
	ApplicationToken Secret        // empty on older portals
	Status           string        // "L" for a local application; may be empty
	Placement        string        // "CRM_DEAL_DETAIL_TAB", "DEFAULT"
	Item             CRMItem       // zero when there is none, or on a card not saved yet
	Options          map[string]string
}

// ParseLaunch reads a launch from a POST that nobody has read the body of yet.
// It refuses with a *[FormError] whatever is malformed, missing, given twice or
// larger than 64 KiB; a missing access token also matches [ErrNoToken].
// See https://apidocs.bitrix24.com/api-reference/widgets/index.html
func ParseLaunch(r *http.Request) (Launch, error) { return Launch{}, errNotBuilt }

// Origin returns the origin of the portal as the launch tells it.
func (l Launch) Origin() string { return "" }

// CardType returns the type of the CRM card that the placement belongs to, also
// when the card is not saved yet.
func (l Launch) CardType() (ItemType, bool) { return "", false }

// Token returns the tokens of the launch as a [Token], with the endpoint it
// claims. Replace that by the proven one.
func (l Launch) Token() Token { return Token{} }
