{{- define "quantum-tasks.name" -}}
{{- include "quantum-tasks.short" (default .Chart.Name .Values.nameOverride) }}
{{- end }}

{{/* A name that is part of others: a release may be called `a.b`, a Service may not. */}}
{{- define "quantum-tasks.short" -}}
{{- . | replace "." "-" | trunc 37 | trimAll "-" }}
{{- end }}

{{/* The first part of every object's name: with the operator's 9 characters and its Pod's 17 that makes 63. */}}
{{- define "quantum-tasks.fullname" -}}
{{- $name := include "quantum-tasks.name" . }}
{{- if .Values.fullnameOverride }}{{ include "quantum-tasks.short" .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}{{ include "quantum-tasks.short" .Release.Name }}
{{- else }}{{ include "quantum-tasks.short" (printf "%s-%s" .Release.Name $name) }}
{{- end }}
{{- end }}

{{/* The name of an object without a namespace: two releases of one name may be in two namespaces. */}}
{{- define "quantum-tasks.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "quantum-tasks.fullname" .) }}
{{- end }}

{{/* Labels by which Pods are found: never changed, since a Deployment's selector cannot be. Takes (root, component). */}}
{{- define "quantum-tasks.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: quantum-tasks
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object. Takes (root, component). */}}
{{- define "quantum-tasks.labels" -}}
{{- $root := index . 0 -}}
{{ include "quantum-tasks.selectorLabels" . }}
app.kubernetes.io/part-of: quantum-tasks
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of an object. Takes (root, component, name suffix, annotations). */}}
{{- define "quantum-tasks.metadata" -}}
{{- $root := index . 0 -}}
name: {{ printf "%s%s" (include "quantum-tasks.fullname" $root) (index . 2) | quote }}
namespace: {{ $root.Release.Namespace | quote }}
labels:
  {{- include "quantum-tasks.labels" (list $root (index . 1)) | nindent 2 }}
{{- with merge (dict) (default (dict) (index . 3)) (default (dict) $root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Metadata of a Pod. Takes (root, component, values of the part, annotations). */}}
{{- define "quantum-tasks.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "quantum-tasks.selectorLabels" (list $root (index . 1)) | nindent 2 }}
  app.kubernetes.io/part-of: quantum-tasks
  {{- with merge (dict) (default (dict) (index . 2).podLabels) (default (dict) $root.Values.commonLabels) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (default (dict) (index . 3)) (default (dict) (index . 2).podAnnotations) (default (dict) $root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An image of the project's own. Takes (root, image). */}}
{{- define "quantum-tasks.image" -}}
{{- $root := index . 0 -}}
{{- include "quantum-tasks.anyImage" (merge (dict) (index . 1) (dict "registry" $root.Values.image.registry "tag" (default $root.Chart.AppVersion $root.Values.image.tag))) }}
{{- end }}

{{/* An image by registry, repository, tag and digest. */}}
{{- define "quantum-tasks.anyImage" -}}
{{- with .registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{/* The name of a part's ServiceAccount. Takes (root, component). */}}
{{- define "quantum-tasks.serviceAccountName" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- $account.name | default (printf "%s-%s" (include "quantum-tasks.fullname" $root) (index . 1)) }}
{{- end }}

{{/* The security context of a Pod that passes Pod Security `restricted`. Takes (values of the part, user). */}}
{{- define "quantum-tasks.podSecurityContext" -}}
{{- $user := index . 1 -}}
{{- $own := dict "runAsNonRoot" true "runAsUser" $user "runAsGroup" $user "fsGroup" $user "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- range $field, $value := (index . 0).podSecurityContext }}
{{- if kindIs "invalid" $value }}{{ $own = omit $own $field }}{{ else }}{{ $_ := set $own $field $value }}{{ end }}
{{- end }}
{{- toYaml $own }}
{{- end }}

{{- define "quantum-tasks.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where a Pod may run. Takes (root, values of the part). */}}
{{- define "quantum-tasks.placement" -}}
{{- $fields := pick (index . 1) "priorityClassName" "nodeSelector" "tolerations" "affinity" "runtimeClassName" -}}
{{- $_ := set $fields "imagePullSecrets" (index . 0).Values.imagePullSecrets -}}
{{- range $field, $value := $fields }}
{{- if $value }}
{{ dict $field $value | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* The Secret with Redis's address under `url`, for API and operator. */}}
{{- define "quantum-tasks.redisSecret" -}}
{{- $redis := .Values.redis -}}
{{- if $redis.external.enabled }}{{ default (printf "%s-redis" (include "quantum-tasks.fullname" .)) $redis.external.existingSecret }}
{{- else }}{{ default (printf "%s-redis" (include "quantum-tasks.fullname" .)) $redis.auth.existingSecret }}
{{- end }}
{{- end }}

{{/* The same for the runner's Pods. */}}
{{- define "quantum-tasks.runnerRedisSecret" -}}
{{- $redis := .Values.redis -}}
{{- if $redis.external.enabled }}{{ default (include "quantum-tasks.redisSecret" .) $redis.external.existingRunnerSecret }}
{{- else }}{{ default (printf "%s-redis-runner" (include "quantum-tasks.fullname" .)) $redis.auth.existingRunnerSecret }}
{{- end }}
{{- end }}

{{- define "quantum-tasks.hasRedisCa" -}}
{{- if and .Values.redis.external.enabled .Values.redis.external.tls.caSecret }}true{{ end }}
{{- end }}

{{/* The authority that signed Redis's certificate: where OpenSSL looks for whom it trusts. */}}
{{- define "quantum-tasks.redisCaEnv" -}}
{name: SSL_CERT_FILE, value: /etc/quantum-tasks/redis-ca/ca.crt}
{{- end }}
{{- define "quantum-tasks.redisCaMount" -}}
{name: redis-ca, mountPath: /etc/quantum-tasks/redis-ca, readOnly: true}
{{- end }}
{{- define "quantum-tasks.redisCaVolume" -}}
name: redis-ca
secret:
  secretName: {{ .Values.redis.external.tls.caSecret | quote }}
  items: [{key: {{ .Values.redis.external.tls.caKey | quote }}, path: ca.crt}]
{{- end }}

{{/* Whose the definition of QuantumTasks is, if not this release's. Nobody's where helm cannot look. */}}
{{- define "quantum-tasks.crdOwner" -}}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "quantumtasks.quantumtask.dev" }}
{{- $annotations := default (dict) .metadata.annotations }}
{{- $owner := printf "%s/%s" (default "" (get $annotations "meta.helm.sh/release-namespace")) (default "" (get $annotations "meta.helm.sh/release-name")) }}
{{- if eq $owner "/" }}no release
{{- else if ne $owner (printf "%s/%s" $.Release.Namespace $.Release.Name) }}the release {{ $owner }}
{{- end }}
{{- end }}
{{- end }}
