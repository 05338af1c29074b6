//! The server's certificate: from files, or made on the spot.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Makes what answers STARTTLS.
pub(crate) fn acceptor(
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<TlsAcceptor, Box<dyn Error + Send + Sync>> {
    let (chain, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => from_files(certificate, key)?,
        _ => self_signed()?,
    };
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn from_files(certificate: &Path, key: &Path) -> Result<Identity, Box<dyn Error + Send + Sync>> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_file(key)?))
}

fn self_signed() -> Result<Identity, Box<dyn Error + Send + Sync>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    Ok((vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into())))
}
