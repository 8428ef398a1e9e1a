//go:build tools
package tools
import _ "github.com/sourcegraph/scip/cmd/scip"
