module quantum-tasks-crds

go 1.26.6

// definitions that the chart's tests need, and nothing of their code
require (
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.3
)
