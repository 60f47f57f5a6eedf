package finding

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Map returns a copy of a message in which change was applied to every string, those
// inside of JSON values aside. Names of members stay; keys of maps change.
func Map(m Message, change func(string) string) Message {
	return mapped(reflect.ValueOf(m), change).Interface().(Message)
}

func mapped(v reflect.Value, change func(string) string) reflect.Value {
	if raw, ok := v.Interface().(json.RawMessage); ok {
		return reflect.ValueOf(validJSON(raw))
	}
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(change(v.String())).Convert(v.Type())
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		to := reflect.New(v.Type().Elem())
		to.Elem().Set(mapped(v.Elem(), change))
		return to
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			to.Index(i).Set(mapped(v.Index(i), change))
		}
		return to
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeMap(v.Type())
		for key, value := range v.Seq2() {
			to.SetMapIndex(mapped(key, change), mapped(value, change))
		}
		return to
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[Message]().PkgPath() {
			return v // a time
		}
		to := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			to.Field(i).Set(mapped(v.Field(i), change))
		}
		return to
	}
	return v
}

// spelled writes the bytes of s that are not UTF-8 as \xHH. encoding/json would
// replace each by the same character, and different names would become one.
func spelled(s string) string { return spelledAs(s, `\x%02x`) }

func spelledAs(s, format string) string {
	if utf8.ValidString(s) {
		return s
	}
	var text strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&text, format, s[0])
		} else {
			text.WriteString(s[:size])
		}
		s = s[size:]
	}
	return text.String()
}

// validJSON returns a JSON value in UTF-8: v itself, v with other bytes spelled, or v
// as a string if it is no JSON.
func validJSON(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return nil
	}
	if !json.Valid(v) {
		text, err := json.Marshal(spelled(string(v)))
		if err != nil {
			return json.RawMessage("null") // not possible: it is a string
		}
		return text
	}
	// Such bytes are inside of strings, where a backslash has one before it.
	return json.RawMessage(spelledAs(string(v), `\\x%02x`))
}
