package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// customResources holds what the CustomResourceDefinitions of a folder say, by apiVersion and kind.
type customResources map[string]*customResource

// A customResource is compiled when the first object of its kind comes, because most kinds have none.
type customResource struct {
	schema   *apiextensionsv1.JSONSchemaProps
	compiled *compiledResource
}

type compiledResource struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

func readCustomResources(folder string) (customResources, error) {
	known := customResources{}
	if folder == "" {
		return known, nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no CustomResourceDefinitions in %s", folder)
	}
	for _, file := range files {
		if err := known.add(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return known, nil
}

func (known customResources) add(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		return err
	}
	for _, version := range definition.Spec.Versions {
		if !version.Served {
			continue
		}
		if version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
			return fmt.Errorf("version %s has no schema", version.Name)
		}
		known[definition.Spec.Group+"/"+version.Name+"/"+definition.Spec.Names.Kind] = &customResource{schema: version.Schema.OpenAPIV3Schema}
	}
	return nil
}

func (r *customResource) compile() (*compiledResource, error) {
	if r.compiled != nil {
		return r.compiled, nil
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(r.schema, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	schema, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, err
	}
	r.compiled = &compiledResource{structural, schema, cel.NewValidator(structural, true, math.MaxInt64)}
	return r.compiled, nil
}

func (known customResources) knows(d document) bool {
	_, ok := known[d.text("apiVersion")+"/"+d.text("kind")]
	return ok
}

// check does what the server does with a custom resource that is sent to it with strict field validation: unknown fields,
// defaults, the schema, lists that must hold each key once, and the rules in the Common Expression Language.
func (known customResources) check(d document) []Problem {
	definition, err := known[d.text("apiVersion")+"/"+d.text("kind")].compile()
	if err != nil {
		return []Problem{d.problem("custom-resource", "the CustomResourceDefinition is broken: "+err.Error())}
	}
	object := runtime.DeepCopyJSON(d.object)
	var problems []Problem
	refuse := func(message string) { problems = append(problems, d.problem("custom-resource", message)) }
	for _, path := range pruning.PruneWithOptions(object, definition.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		refuse(fmt.Sprintf("unknown field %q", strings.TrimPrefix(path, ".")))
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, definition.structural)
	defaulting.Default(object, definition.structural)
	errors := validation.ValidateCustomResource(nil, object, definition.schema)
	errors = append(errors, listtype.ValidateListSetsAndMaps(nil, definition.structural, object)...)
	if definition.rules != nil && len(errors) == 0 {
		celErrors, _ := definition.rules.Validate(context.Background(), nil, definition.structural, object, nil, math.MaxInt64)
		errors = append(errors, celErrors...)
	}
	for _, one := range errors {
		refuse(one.Error())
	}
	return problems
}
