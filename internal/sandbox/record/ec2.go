package record

import (
	_ "embed"
	"strings"
	"sync"
)

// ec2Text lists EC2's older operations, whose records have a format of their own,
// with their set parameters, which are recorded even when empty. All other
// operations are recorded like XML documents.
//
//go:embed ec2.txt
var ec2Text string

// ec2Set is a list parameter of an older operation and its name in records.
type ec2Set struct{ parameter, name string }

var ec2Older = sync.OnceValue(func() map[string][]ec2Set {
	operations := map[string][]ec2Set{}
	for line := range strings.Lines(ec2Text) {
		fields := strings.Fields(line)
		sets := []ec2Set{}
		for _, field := range fields[1:] {
			parameter, name, _ := strings.Cut(field, "=")
			sets = append(sets, ec2Set{parameter, name})
		}
		operations[fields[0]] = sets
	}
	return operations
})

// ec2Parameters returns the parameters of a call to EC2.
func (s speller) ec2Parameters(form object) tree {
	s.asIs = true
	shown, _ := s.spell(unflatten(form)).(object)
	s.asIs = false
	sets, older := ec2Older()[s.op.Name]
	if !older {
		return object{{s.op.Name + "Request", tagged(shown)}}
	}
	members := object{}
	if s.op.Name == "RunInstances" {
		shown = s.runInstances(shown, &members)
	}
	for _, set := range sets {
		values, _ := shown.get(set.parameter).(list)
		members.add(set.name, s.items(set.parameter, values))
		shown = shown.without(set.parameter)
	}
	for _, m := range shown {
		members.add(s.older(m.name, m.value))
	}
	return members
}

// runInstances moves the parameters that apply to each instance to where records have
// them, and adds the defaults that records show.
func (s speller) runInstances(asked object, members *object) object {
	instance := object{}
	for _, name := range []string{"ImageId", "MinCount", "MaxCount", "KeyName"} {
		if value := asked.get(name); value != nil {
			instance.add(s.older(name, value))
		}
	}
	members.add("instancesSet", object{{"items", list{instance}}})
	asked = asked.without("ImageId", "MinCount", "MaxCount", "KeyName")
	if asked.get("Monitoring") == nil {
		asked.add("Monitoring", object{{"Enabled", "false"}})
	}
	for _, name := range []string{"DisableApiTermination", "DisableApiStop"} {
		if asked.get(name) == nil {
			asked.add(name, "false")
		}
	}
	return asked
}

// older returns a parameter in the format of the older operations.
func (s speller) older(name string, t tree) (string, tree) {
	switch value := t.(type) {
	case string:
		return s.olderName(name), s.word(lowerFirst(name), value)
	case list:
		switch name {
		case "Tag":
			return "tagSet", s.items(name, value)
		case "Filter", "TagSpecification", "NetworkInterface", "InstanceId":
			return lowerFirst(name) + "Set", s.items(name, value)
		case "SecurityGroupId":
			return "groupSet", s.items("GroupId", value)
		case "SecurityGroup":
			return "groupSet", s.items("GroupName", value)
		case "Value":
			return "valueSet", s.items(name, value)
		}
		return lowerFirst(name), s.items(name, value)
	case object:
		if text, ok := value.get("Value").(string); ok && len(value) == 1 {
			return lowerFirst(name), object{{"value", guess(text)}} // of an attribute
		}
		members := object{}
		for _, m := range value {
			members.add(s.older(m.name, m.value))
		}
		return lowerFirst(name), members
	}
	return lowerFirst(name), t
}

func (s speller) olderName(name string) string {
	name = lowerFirst(name)
	switch s.op.Name + "." + name {
	case "CreateVolume.availabilityZone":
		return "zone"
	case "CreateNetworkAclEntry.protocol", "ReplaceNetworkAclEntry.protocol":
		return "aclProtocol"
	}
	return name
}

// items returns a set. Each element is an object; that of a text has one member.
func (s speller) items(parameter string, values list) tree {
	if len(values) == 0 {
		return object{}
	}
	items := list{}
	for _, value := range values {
		element := object{}
		switch value := value.(type) {
		case object:
			element = s.element(parameter, value)
		default:
			element.add(s.older(parameter, value))
		}
		items = append(items, element)
	}
	return object{{"items", items}}
}

func (s speller) element(parameter string, value object) object {
	element := object{}
	for _, m := range value {
		if tags, ok := m.value.(list); ok && parameter == "TagSpecification" && m.name == "Tag" {
			plain := list{}
			for _, tag := range tags {
				_, spelled := s.older("", tag)
				plain = append(plain, spelled)
			}
			element.add("tags", plain)
			continue
		}
		element.add(s.older(m.name, m.value))
	}
	if parameter == "IpPermissions" {
		for _, name := range []string{"groups", "ipRanges", "ipv6Ranges", "prefixListIds"} {
			if element.get(name) == nil {
				element.add(name, object{})
			}
		}
	}
	return element
}

// tagged returns a parameter as in XML: list elements are numbered by a tag, and a
// single element is not a list.
func tagged(t tree) tree {
	switch t := t.(type) {
	case string:
		return guess(t)
	case object:
		for i, m := range t {
			t[i].value = tagged(m.value)
		}
		return t
	case list:
		for i := range t {
			tag := member{"tag", decimal(i + 1)}
			switch element := tagged(t[i]).(type) {
			case object:
				t[i] = append(element, tag)
			default:
				t[i] = object{tag, {"content", element}}
			}
		}
		if len(t) == 1 {
			return t[0]
		}
	}
	return t
}

// ec2Elements returns the answer of EC2.
func (s speller) ec2Elements(root *element) tree {
	if _, older := ec2Older()[s.op.Name]; !older {
		s.asIs = true
		return s.spell(object{{root.name, root.literal()}})
	}
	s.words, s.millis = true, true
	return s.spell(s.ec2Answer(root))
}

func (s speller) ec2Answer(e *element) tree {
	if len(e.children) == 0 {
		if e.text == "" && (strings.HasSuffix(e.name, "Set") || s.isList(e.name)) {
			return object{}
		}
		return e.text
	}
	members, items := object{}, list{}
	for _, child := range e.children {
		switch child.name {
		case "item":
			items = append(items, s.ec2Answer(child))
		case "return":
			members.add("_return", guess(child.text))
		default:
			if value := s.ec2Answer(child); value != "" {
				members.add(s.olderName(child.name), value)
			}
		}
	}
	switch {
	case len(items) > 0 && e.name == "privateIpAddressesSet":
		return object{{"item", items}} // as AWS records it in answers, unlike in requests
	case len(items) > 0:
		return object{{"items", items}}
	}
	return members.unique()
}
