package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// A document is one object of the rendered stream, as JSON and as a plain map.
type document struct {
	number int
	json   []byte
	object map[string]any
	broken error
}

// readDocuments splits a stream of YAML documents; empty ones are dropped, broken ones are kept with what is wrong.
func readDocuments(in io.Reader) ([]document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	var documents []document
	for number := 1; ; number++ {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the stream of documents cannot be read: %w", err)
		}
		read := document{number: number}
		// Strict: a key that stands twice is an error here and a silent loss anywhere else.
		read.json, read.broken = yaml.YAMLToJSONStrict(text)
		if read.broken == nil {
			if bytes.Equal(bytes.TrimSpace(read.json), []byte("null")) {
				continue
			}
			// Whole numbers stay whole numbers, which the rules of custom resources insist on.
			read.broken = utiljson.Unmarshal(read.json, &read.object)
		} else if lenient, err := yaml.YAMLToJSON(text); err == nil {
			// Only to tell its name; what is broken is looked at no further.
			_ = utiljson.Unmarshal(lenient, &read.object)
		}
		documents = append(documents, read)
	}
}

func (d document) text(keys ...string) string {
	var value any = d.object
	for _, key := range keys {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[key]
	}
	text, _ := value.(string)
	return text
}

func (d document) name() string {
	if d.text("kind") == "" {
		return fmt.Sprintf("document %d", d.number)
	}
	return d.text("kind") + "/" + d.text("metadata", "name")
}

func (d document) problem(rule, message string) Problem {
	return Problem{Object: d.name(), Rule: rule, Message: message}
}

func (d document) problems() []Problem {
	if d.broken != nil {
		return []Problem{d.problem("decode", d.broken.Error())}
	}
	return nil
}
