package millstream

// The exports of a component.
import _ "github.com/millstream/millstream/sdk/go/internal/abi"
