package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"plumbline/sinks"
)

// secretPrefix begins every Standard Webhooks secret.
const secretPrefix = "whsec_"

// ParseSecret decodes a secret: whsec_ and base64 of 24 to 64 random bytes.
func ParseSecret(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(s), secretPrefix))
	if err != nil {
		return nil, errors.New("the signing secret is not whsec_ followed by base64")
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("the signing secret has %d bytes; it must have 24 to 64", len(key))
	}
	return key, nil
}

// SplitSecrets takes a secret file apart: one active secret a line, the newest first. More than one while they are rotated.
func SplitSecrets(s string) []string { return strings.Fields(s) }

// sign sets the three headers of the Standard Webhooks specification, version 1: the id stays the same over retries, the time is
// that of the attempt, and there is a signature for each active secret.
func (c *client) sign(h http.Header, id string, body []byte) error {
	at := strconv.FormatInt(c.config.Now().Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", at)
	if c.config.Secrets == nil {
		return nil
	}
	secrets, err := c.config.Secrets()
	if err != nil {
		return fmt.Errorf("read the signing secret: %w", err)
	}
	if len(secrets) == 0 {
		return &sinks.Permanent{Err: errors.New("there is no signing secret where one is configured")}
	}
	var signatures []string
	for _, s := range secrets {
		key, err := ParseSecret(s)
		if err != nil {
			return &sinks.Permanent{Err: err}
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set("webhook-signature", strings.Join(signatures, " "))
	return nil
}
