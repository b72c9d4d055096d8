package bitrix

import "context"

// PlacementBinding says where the application wants to be shown.
type PlacementBinding struct {
	Placement    string            // "CRM_DEAL_DETAIL_TAB"
	Handler      string            // the address that is launched there, at most 255 characters
	Titles       map[string]string // language → title; should hold "en" and the portal's own
	Descriptions map[string]string // language → description
}

// BoundPlacement is a place where the application is shown.
type BoundPlacement struct {
	Placement    string
	Handler      string
	Title        string
	Titles       map[string]string
	Descriptions map[string]string
}

// Placements returns where the application is bound, oldest first
// (placement.get). It needs an administrator's token.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-get.html
func (i Installation) Placements(ctx context.Context) ([]BoundPlacement, error) {
	return nil, errNotBuilt
}

// BindPlacement shows the application in a place (placement.bind). Binding the
// same handler there again is no error but leaves the titles as they were;
// another handler makes a second tab. It needs an administrator's token.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-bind.html
func (i Installation) BindPlacement(ctx context.Context, p PlacementBinding) error {
	return errNotBuilt
}

// UnbindPlacement removes a handler from a place (placement.unbind). It is no
// error when it was not there.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-unbind.html
func (i Installation) UnbindPlacement(ctx context.Context, placement, handler string) error {
	return errNotBuilt
}
