package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podapi "k8s.io/kubernetes/pkg/api/pod"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
)

var strict = json.NewSerializerWithOptions(json.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme,
	json.SerializerOptions{Strict: true})

// strategies are the API server's own rules for creating an object, by kind. The kinds that are missing here are checked by
// validate, because their strategies draw half of the API server into the build.
var strategies = map[schema.GroupKind]rest.RESTCreateStrategy{
	{Group: "apps", Kind: "DaemonSet"}:                        daemonset.Strategy,
	{Group: "apps", Kind: "Deployment"}:                       deployment.Strategy,
	{Group: "apps", Kind: "StatefulSet"}:                      statefulset.Strategy,
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:   horizontalpodautoscaler.Strategy,
	{Group: "batch", Kind: "CronJob"}:                         cronjob.Strategy,
	{Group: "networking.k8s.io", Kind: "Ingress"}:             ingress.Strategy,
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}:       networkpolicy.Strategy,
	{Group: "policy", Kind: "PodDisruptionBudget"}:            poddisruptionbudget.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:        role.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}: rolebinding.Strategy,
}

// checkBuiltIn holds an object of Kubernetes itself against its type, its rules of creation and the pod security level.
func checkBuiltIn(d document, namespace string, security *podSecurity) []Problem {
	object, kind, err := strict.Decode(d.json, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return []Problem{d.problem("unknown-kind", fmt.Sprintf("no schema is known for %s, kind %s", d.text("apiVersion"), d.text("kind")))}
	}
	var problems []Problem
	if err != nil {
		for _, message := range decodeMessages(err) {
			problems = append(problems, d.problem("decode", message))
		}
		if object == nil {
			return problems
		}
	}
	for _, message := range security.check(object) {
		problems = append(problems, d.problem("pod-security", message))
	}
	refusals, warnings, err := admit(object, *kind, namespace)
	if err != nil {
		return append(problems, d.problem("validation", err.Error()))
	}
	for _, refusal := range refusals {
		problems = append(problems, d.problem("validation", refusal))
	}
	for _, warning := range warnings {
		problems = append(problems, d.problem("warning", warning))
	}
	return problems
}

func decodeMessages(err error) []string {
	if strictError, ok := runtime.AsStrictDecodingError(err); ok {
		var messages []string
		for _, one := range strictError.Errors() {
			messages = append(messages, one.Error())
		}
		return messages
	}
	return []string{err.Error()}
}

// admit fills in the defaults as the server does and asks the rules of the kind.
func admit(object runtime.Object, kind schema.GroupVersionKind, namespace string) (refusals, warnings []string, err error) {
	legacyscheme.Scheme.Default(object)
	internal, err := legacyscheme.Scheme.ConvertToVersion(object, runtime.InternalGroupVersioner)
	if err != nil {
		return nil, nil, err
	}
	accessor, err := meta.Accessor(internal)
	if err != nil {
		return nil, nil, err
	}
	if accessor.GetNamespace() == "" {
		accessor.SetNamespace(namespace)
	}
	ctx := request.WithRequestInfo(request.WithNamespace(context.Background(), accessor.GetNamespace()), &request.RequestInfo{
		IsResourceRequest: true, Verb: "create", APIGroup: kind.Group, APIVersion: kind.Version,
		Namespace: accessor.GetNamespace(), Name: accessor.GetName(),
	})
	strategy, ok := strategies[kind.GroupKind()]
	if !ok {
		list, known := validate(ctx, internal)
		if !known {
			return nil, nil, fmt.Errorf("no rules are known for kind %s: add them to verify before a chart may use it", kind.Kind)
		}
		for _, one := range list {
			refusals = append(refusals, one.Error())
		}
		return refusals, warningsOf(ctx, internal), nil
	}
	rest.FillObjectMetaSystemFields(accessor)
	if err := rest.BeforeCreate(strategy, ctx, internal); err != nil {
		return reasons(err), nil, nil
	}
	return nil, strategy.WarningsOnCreate(ctx, internal), nil
}

func reasons(err error) []string {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil || len(status.ErrStatus.Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var list []string
	for _, cause := range status.ErrStatus.Details.Causes {
		list = append(list, strings.TrimSpace(cause.Field+": "+cause.Message))
	}
	return list
}

// validate asks the rules of the kinds that have no strategy above.
func validate(ctx context.Context, object runtime.Object) (field.ErrorList, bool) {
	switch it := object.(type) {
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(it), true
	case *core.Secret:
		return corevalidation.ValidateSecret(it), true
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(it), true
	case *core.Namespace:
		it.Namespace = ""
		return corevalidation.ValidateNamespace(it), true
	case *core.PersistentVolumeClaim:
		return corevalidation.ValidatePersistentVolumeClaim(it, corevalidation.PersistentVolumeClaimSpecValidationOptions{}), true
	case *core.Service:
		return corevalidation.ValidateServiceCreate(withAllocations(it)), true
	case *core.Pod:
		options := podapi.GetValidationOptionsFromPodSpecAndMeta(&it.Spec, nil, &it.ObjectMeta, nil)
		options.ResourceIsPod = true
		return corevalidation.ValidatePodCreate(it, options), true
	case *batch.Job:
		options := podapi.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)
		return batchvalidation.ValidateJobCreate(withSelector(it), batchvalidation.JobValidationOptions{
			PodValidationOptions: options, RequirePrefixedLabels: true,
		}), true
	}
	return nil, false
}

func warningsOf(ctx context.Context, object runtime.Object) []string {
	switch it := object.(type) {
	case *core.Pod:
		return podapi.GetWarningsForPod(ctx, it, nil)
	case *batch.Job:
		return podapi.GetWarningsForPodTemplate(ctx, field.NewPath("spec", "template"), &it.Spec.Template, nil)
	}
	return nil
}

// withSelector gives a Job what the server gives it before it looks: a selector and labels made of its name and its uid, so
// that a name too long to be a label is found.
func withSelector(job *batch.Job) *batch.Job {
	job.UID = "00000000-0000-4000-8000-000000000000"
	if job.Spec.Template.Labels == nil {
		job.Spec.Template.Labels = map[string]string{}
	}
	for _, prefix := range []string{"", "batch.kubernetes.io/"} {
		job.Spec.Template.Labels[prefix+"job-name"] = job.Name
		job.Spec.Template.Labels[prefix+"controller-uid"] = string(job.UID)
	}
	if job.Spec.Selector == nil {
		job.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"batch.kubernetes.io/controller-uid": string(job.UID)}}
	}
	return job
}

// withAllocations gives a Service what the server's allocators would have chosen before the rules are asked.
func withAllocations(service *core.Service) *core.Service {
	if service.Spec.Type != core.ServiceTypeExternalName && len(service.Spec.IPFamilies) == 0 {
		service.Spec.IPFamilies = []core.IPFamily{core.IPv4Protocol}
		single := core.IPFamilyPolicySingleStack
		if service.Spec.IPFamilyPolicy == nil {
			service.Spec.IPFamilyPolicy = &single
		}
	}
	if service.Spec.ClusterIP != "" && len(service.Spec.ClusterIPs) == 0 {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	}
	if service.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal && service.Spec.Type == core.ServiceTypeLoadBalancer && service.Spec.HealthCheckNodePort == 0 {
		service.Spec.HealthCheckNodePort = 30000
	}
	return service
}
