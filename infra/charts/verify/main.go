// verify reads the objects that a chart renders and answers, as JSON, what an API server would refuse about them: a field
// or kind that no schema knows, a value that breaks a rule of the kind, a pod that the Pod Security Standards do not admit,
// and what the server would let in with a warning. It needs no cluster: schemas and rules are the API server's own code, and
// the CustomResourceDefinitions come from a folder.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

// A Problem is one thing that is wrong with one object.
type Problem struct {
	// Object is Kind/name, or the document's number when it cannot be told.
	Object string `json:"object"`
	// Rule says who would refuse it: decode, validation, warning, pod-security, custom-resource or unknown-kind.
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

func main() {
	crds := flag.String("crds", "", "folder of CustomResourceDefinitions, one YAML file each")
	namespace := flag.String("namespace", "dailydoco", "namespace of objects that name none")
	level := flag.String("level", "restricted", "level of the Pod Security Standards that each pod must meet")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *crds, *namespace, *level); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, crdFolder, namespace, level string) error {
	customResources, err := readCustomResources(crdFolder)
	if err != nil {
		return err
	}
	security, err := newPodSecurity(level)
	if err != nil {
		return err
	}
	documents, err := readDocuments(in)
	if err != nil {
		return err
	}
	problems := []Problem{}
	for _, document := range documents {
		problems = append(problems, document.problems()...)
		if document.broken != nil {
			continue
		}
		if customResources.knows(document) {
			problems = append(problems, customResources.check(document)...)
			continue
		}
		problems = append(problems, checkBuiltIn(document, namespace, security)...)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(map[string]any{"objects": len(documents), "problems": problems})
}
