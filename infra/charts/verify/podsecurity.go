package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podSecurity evaluates pods as the Pod Security admission of a namespace does that enforces one level.
type podSecurity struct {
	evaluator policy.Evaluator
	level     api.LevelVersion
}

func newPodSecurity(level string) (*podSecurity, error) {
	parsed, err := api.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("pod security level: %w", err)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, err
	}
	return &podSecurity{evaluator, api.LevelVersion{Level: parsed, Version: api.LatestVersion()}}, nil
}

func (s *podSecurity) check(object runtime.Object) []string {
	metadata, spec := podOf(object)
	if spec == nil {
		return nil
	}
	var messages []string
	for _, result := range s.evaluator.EvaluatePod(s.level, metadata, spec) {
		if !result.Allowed {
			messages = append(messages, fmt.Sprintf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail))
		}
	}
	return messages
}

func podOf(object runtime.Object) (*metav1.ObjectMeta, *corev1.PodSpec) {
	var template corev1.PodTemplateSpec
	switch it := object.(type) {
	case *corev1.Pod:
		return &it.ObjectMeta, &it.Spec
	case *appsv1.Deployment:
		template = it.Spec.Template
	case *appsv1.StatefulSet:
		template = it.Spec.Template
	case *appsv1.DaemonSet:
		template = it.Spec.Template
	case *batchv1.Job:
		template = it.Spec.Template
	case *batchv1.CronJob:
		template = it.Spec.JobTemplate.Spec.Template
	default:
		return nil, nil
	}
	return &template.ObjectMeta, &template.Spec
}
