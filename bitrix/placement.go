package bitrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

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

// UnmarshalJSON reads a row of placement.get.
func (p *BoundPlacement) UnmarshalJSON(data []byte) error {
	var row struct {
		Placement text `json:"placement"`
		Handler   text `json:"handler"`
		Title     text `json:"title"`
		All       dict[struct {
			Title       text `json:"TITLE"`
			Description text `json:"DESCRIPTION"`
		}] `json:"langAll"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*p = BoundPlacement{
		Placement: string(row.Placement), Handler: string(row.Handler), Title: string(row.Title),
		Titles: map[string]string{}, Descriptions: map[string]string{},
	}
	for language, t := range row.All {
		p.Titles[language] = string(t.Title)
		if t.Description != "" {
			p.Descriptions[language] = string(t.Description)
		}
	}
	return nil
}

// Placements returns where the application is bound, oldest first
// (placement.get). It needs an administrator's token.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-get.html
func (i Installation) Placements(ctx context.Context) ([]BoundPlacement, error) {
	var rows []BoundPlacement
	if err := i.Read(ctx, "placement.get", nil, &rows); err != nil {
		return nil, fmt.Errorf("reading the placements: %w", err)
	}
	return rows, nil
}

// BindPlacement shows the application in a place (placement.bind). Binding the
// same handler there again is no error but leaves the titles as they were;
// another handler makes a second tab. It needs an administrator's token.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-bind.html
func (i Installation) BindPlacement(ctx context.Context, p PlacementBinding) error {
	all := map[string]any{}
	for language, title := range p.Titles {
		all[language] = map[string]any{"TITLE": title, "DESCRIPTION": p.Descriptions[language]}
	}
	err := i.Call(ctx, "placement.bind", Params{"PLACEMENT": p.Placement, "HANDLER": p.Handler, "LANG_ALL": all}, nil)
	if err != nil && !errors.Is(err, ErrAlreadyBound) {
		return fmt.Errorf("binding %s: %w", p.Placement, err)
	}
	return nil
}

// UnbindPlacement removes a handler from a place (placement.unbind). It is no
// error when it was not there.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-unbind.html
func (i Installation) UnbindPlacement(ctx context.Context, placement, handler string) error {
	if err := i.Call(ctx, "placement.unbind", Params{"PLACEMENT": placement, "HANDLER": handler}, nil); err != nil {
		return fmt.Errorf("unbinding %s: %w", placement, err)
	}
	return nil
}

// Placements adds placement.get; decode into a slice of [BoundPlacement]. It
// needs an administrator's token.
func (b *Batch) Placements(key string) { b.Add(key, "placement.get", nil) }
