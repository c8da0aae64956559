"""SealedSecrets without a cluster: sealing, unsealing and the keys. Pure, but for the randomness.

 Secret ──seal(certificate)──→ SealedSecret (safe to commit) ──unseal(private keys)──→ Secret

hybrid.py        one value: RSA-OAEP around a session key, AES-GCM around the value
scope.py         which name and namespace a sealed value is bound to
keys.py          key pairs and their certificates, in Secrets of type kubernetes.io/tls
sealedsecret.py  the two objects, one made from the other
template.py      `spec.template.data`: texts that are filled with the unsealed values

Source: github.com/bitnami-labs/sealed-secrets v0.32.2 (pkg/crypto, pkg/apis/sealedsecrets/v1alpha1).
"""
