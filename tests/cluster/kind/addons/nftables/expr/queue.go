// Takes the place of github.com/google/nftables/expr/queue.go. Some kernels have no queue expression
// (CONFIG_NFT_QUEUE); iptables' target NFQUEUE, which does the same, is in nearly all of them
// (CONFIG_NETFILTER_XT_TARGET_NFQUEUE).

package expr

import (
	"encoding/binary"
	"errors"

	"github.com/google/nftables/xt"
)

type QueueFlag uint16

const QueueFlagBypass QueueFlag = 1

type Queue struct {
	Num  uint16
	Flag QueueFlag
}

func (e *Queue) marshal(fam byte) ([]byte, error) { return e.target().marshal(fam) }

func (e *Queue) marshalData(fam byte) ([]byte, error) { return e.target().marshalData(fam) }

func (e *Queue) unmarshal(fam byte, data []byte) error {
	return errors.New("a rule that queues reads as one with the target NFQUEUE")
}

// The kernel's struct xt_NFQ_info_v3, filled up to a multiple of eight bytes: first queue, number of queues, flags.
func (e *Queue) target() *Target {
	info := make(xt.Unknown, 8)
	binary.NativeEndian.PutUint16(info, e.Num)
	binary.NativeEndian.PutUint16(info[2:], 1)
	binary.NativeEndian.PutUint16(info[4:], uint16(e.Flag))
	return &Target{Name: "NFQUEUE", Rev: 3, Info: &info}
}
