#!/bin/sh
# Makes the namespace with what Fermata wants of it: closed runs kept for a week, and the search
# attributes by which Temporal's own tools can list and filter. Run again it changes nothing.
set -eu
namespace=${TEMPORAL_NAMESPACE:-default}

until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$namespace"
temporal operator namespace update --namespace "$namespace" --retention 168h

known=$(temporal operator search-attribute list --namespace "$namespace")
attribute() {
  case $known in
    *"$1"*) ;;
    *) temporal operator search-attribute create --namespace "$namespace" --name "$1" --type "$2" ;;
  esac
}
attribute FermataTenant Keyword
attribute FermataPlan Keyword
attribute FermataVersion Keyword
attribute FermataStatus Keyword
attribute FermataLabels KeywordList
attribute FermataPendingApprovals Int
