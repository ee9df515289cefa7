#!/bin/sh
# Makes the namespace with what Fermata wants of it: closed runs kept for a week, and the search
# attributes by which Temporal's own tools can list and filter. Run again it changes nothing.
set -eu
namespace=${TEMPORAL_NAMESPACE:-default}
operator="temporal operator"

# A server that has just started, and a namespace that was just made, take some seconds to be known.
patiently() {
  for _ in $(seq 30); do
    "$@" && return
    sleep 1
  done
  "$@"
}

patiently $operator cluster health
$operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
  $operator namespace create --namespace "$namespace"
patiently $operator namespace update --namespace "$namespace" --retention 168h

known=$(patiently $operator search-attribute list --namespace "$namespace")
attribute() {
  case $known in
    *"$1"*) ;;
    *) patiently $operator search-attribute create --namespace "$namespace" --name "$1" --type "$2" ;;
  esac
}
attribute FermataTenant Keyword
attribute FermataPlan Keyword
attribute FermataVersion Keyword
attribute FermataStatus Keyword
attribute FermataLabels KeywordList
attribute FermataPendingApprovals Int
