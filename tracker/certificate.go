package tracker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// Untrusted returns err with what to do, if it says that the certificate of a
// server is not trusted, and err itself otherwise. It is of use for every TLS
// client here: they trust whom the system trusts, or nobody is asked.
func Untrusted(err error) error {
	var cert *tls.CertificateVerificationError
	if !errors.As(err, &cert) {
		return err
	}
	return &untrusted{cert}
}

// untrusted says why a certificate is not trusted. Go's text has two lines' length
// and no way out.
type untrusted struct {
	err *tls.CertificateVerificationError
}

func (u *untrusted) Unwrap() error { return u.err }

func (u *untrusted) Error() string {
	if errors.As(u.err, new(x509.UnknownAuthorityError)) {
		return "the certificate is signed by nobody whom this system trusts; name a file with the authority in SSL_CERT_FILE, or use --insecure"
	}
	why := strings.TrimPrefix(u.err.Err.Error(), "x509: ")
	return fmt.Sprintf("the certificate is not trusted: %s; --insecure does not ask for one", why)
}
