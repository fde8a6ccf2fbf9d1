package millstream

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

func given(pairs ...string) []guest.Setting {
	var settings []guest.Setting
	for i := 0; i < len(pairs); i += 2 {
		settings = append(settings, guest.Setting{Name: pairs[i], Value: pairs[i+1]})
	}
	return settings
}

type color struct{ red bool }

func (c *color) UnmarshalText(text []byte) error {
	if string(text) != "red" {
		return errors.New("not red")
	}
	c.red = true
	return nil
}

type everything struct {
	Text     string
	Flag     bool `default:"false"`
	Small    int8 `default:"-128"`
	Natural  uint32
	Share    float64
	UserID   *string
	Other    *int64
	Keep     []string          `default:"swipe, message"`
	Numbers  []uint8           `default:""`
	Cities   map[string]string `ms:"regions"`
	Wait     time.Duration     `default:"90s"`
	Color    color             `default:"red"`
	Ignored  chan int          `ms:"-"`
	internal map[string]bool
}

func TestSettingsBecomeWhatTheStructSays(t *testing.T) {
	var s everything
	err := readSettings(&s, given("text", "", "natural", " 7 ", "share", "0.5", "other", "-9223372036854775808",
		"regions", "berlin = eu,boston=us", "text", "the last counts"))
	if err != nil {
		t.Fatal(err)
	}
	least := int64(-9223372036854775808)
	expected := everything{
		Text: "the last counts", Small: -128, Natural: 7, Share: 0.5, Other: &least, Keep: []string{"swipe", "message"},
		Numbers: []uint8{}, Cities: map[string]string{"berlin": "eu", "boston": "us"}, Wait: 90 * time.Second, Color: color{true},
	}
	if expected.Numbers = s.Numbers; len(s.Numbers) != 0 || !reflect.DeepEqual(s, expected) {
		t.Errorf("settings: %+v", s)
	}
}

func TestAnErrorNamesEverySettingThatIsWrong(t *testing.T) {
	var s struct {
		Limit     int64
		Small     uint8
		MinAge    int  `default:"18"`
		Strict    bool `default:"false"`
		Threshold float64
		Regions   map[string]int `default:""`
		Keep      []int          `default:""`
		Colors    []color        `default:""`
	}
	err := readSettings(&s, given("limit", "x", "small", "256", "min_age", "3", "strict", "yes", "regions", "a=1,b", "keep", "1,,2",
		"colors", "red, blue"))
	expected := "setting `limit` is `x`, not an integer; " +
		"setting `small` is `256`, not an integer from 0 to 255; " +
		"setting `strict` is `yes`, not true or false; " +
		"setting `threshold` is missing: it is a number; " +
		"setting `regions` is `a=1,b`, not a list `name = value, name = value`, where each name is a text and each value an integer; " +
		"setting `keep` is `1,,2`, not a list with commas, where each is an integer; " +
		"setting `colors` is `red, blue`, not a list with commas, where each is a color: not red; " +
		"there is no setting `min_age`: did you mean `min-age`?"
	if err == nil || err.Error() != expected {
		t.Errorf("%v", err)
	}
}

func TestATransformWithoutSettingsRefusesEach(t *testing.T) {
	err := readSettings(&None{}, given("threshold", "1"))
	if err == nil || err.Error() != "there is no setting `threshold`: this transform has none" {
		t.Errorf("%v", err)
	}
}

func TestNumbersThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"NaN", "Inf", "1e999", "", "0x1p-2x"} {
		if readSettings(&struct{ Share float64 }{}, given("share", text)) == nil {
			t.Errorf("%q is taken for a number", text)
		}
	}
	if readSettings(&struct{ Limit int64 }{}, given("limit", "9223372036854775808")) == nil {
		t.Error("an integer that does not fit is taken")
	}
}

func TestATypeThatCannotBeASettingIsRefused(t *testing.T) {
	err := readSettings(&struct{ Done chan int }{}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "the setting Done: a setting cannot be chan int") {
		t.Errorf("%v", err)
	}
}

func TestNamesAreInKebabCase(t *testing.T) {
	for name, expected := range map[string]string{"MinAge": "min-age", "UserID": "user-id", "HTTPPort": "http-port", "X": "x"} {
		if got := kebab(name); got != expected {
			t.Errorf("%s became %s, not %s", name, got, expected)
		}
	}
}
