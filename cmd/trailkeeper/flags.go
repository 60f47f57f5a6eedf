package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// timeFlag is a flag for a moment, in any form quantity.ParseTime accepts. An
// age such as 30d is counted from now.
func timeFlag(at *time.Time, now func() time.Time) pflag.Value {
	return &timeValue{at, now}
}

type timeValue struct {
	at  *time.Time
	now func() time.Time
}

func (v *timeValue) Type() string { return "time" }

func (v *timeValue) String() string {
	if v.at == nil || v.at.IsZero() {
		return ""
	}
	return v.at.Format(time.RFC3339)
}

func (v *timeValue) Set(s string) (err error) {
	*v.at, err = quantity.ParseTime(s, v.now())
	return err
}

// sizeFlag is a flag for a number of bytes, in any form quantity.ParseSize
// accepts. What is in it before is the default.
func sizeFlag(bytes *int64) pflag.Value {
	return (*sizeValue)(bytes)
}

type sizeValue int64

func (v *sizeValue) Type() string { return "size" }

func (v *sizeValue) String() string {
	return strings.ReplaceAll(quantity.FormatSize(int64(*v)), " ", "")
}

func (v *sizeValue) Set(s string) error {
	n, err := quantity.ParseSize(s)
	*v = sizeValue(n)
	return err
}

// choiceFlag is a flag whose value is one of choices. What is in it before is
// the default.
func choiceFlag[T ~string](value *T, choices ...T) pflag.Value {
	return &choiceValue[T]{value, choices}
}

type choiceValue[T ~string] struct {
	value   *T
	choices []T
}

func (v *choiceValue[T]) Type() string {
	names := make([]string, len(v.choices))
	for i, choice := range v.choices {
		names[i] = string(choice)
	}
	return strings.Join(names, "|")
}

func (v *choiceValue[T]) String() string {
	if v.value == nil {
		return ""
	}
	return string(*v.value)
}

func (v *choiceValue[T]) Set(s string) error {
	for _, choice := range v.choices {
		if s == string(choice) {
			*v.value = choice
			return nil
		}
	}
	return fmt.Errorf("expected %s", strings.ReplaceAll(v.Type(), "|", ", "))
}
