using System.Security.Cryptography;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Signs and verifies manifests (ECDSA P-256 with SHA-256); the public key is stored with the signature. The signature
/// shows that the bundle was not changed after it was signed with this key, but not whose key it is: the reader must
/// compare the key's digest with the owner's.
/// </summary>
internal static class BundleSignature
{
    internal static byte[] Sign(MorphKey key, byte[] manifest)
    {
        using ECDsa signing = ECDsa.Create();
        signing.ImportPkcs8PrivateKey(key.SigningKey, out _);
        return JsonSerializer.SerializeToUtf8Bytes(
            new Signature(Convert.ToBase64String(signing.ExportSubjectPublicKeyInfo()), Convert.ToBase64String(
                signing.SignData(manifest, HashAlgorithmName.SHA256))),
            BundleJson.Default.Signature);
    }

    /// <summary>Verifies a signature and returns the SHA-256 digest of the signing public key.</summary>
    /// <exception cref="ModelFormatException">The signature is damaged, or does not match the manifest.</exception>
    internal static string Verify(byte[] manifest, byte[] signature, string name)
    {
        try
        {
            Signature found = JsonSerializer.Deserialize(signature, BundleJson.Default.Signature)
                ?? throw new JsonException("the file contains null");
            byte[] publicKey = Convert.FromBase64String(found.PublicKey);
            using ECDsa key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            if (key.VerifyData(manifest, Convert.FromBase64String(found.Value), HashAlgorithmName.SHA256))
            {
                return Convert.ToHexStringLower(SHA256.HashData(publicKey));
            }
        }
        catch (Exception error)
            when (error is JsonException or FormatException or CryptographicException or ArgumentException)
        {
            throw new ModelFormatException(
                name, $"bundle: the signature cannot be read ({error.Message}); do not use the bundle", error);
        }

        throw new ModelFormatException(
            name, "bundle: the signature does not match the manifest, which was changed or damaged; do not use "
                + "the bundle");
    }

    internal sealed record Signature(string PublicKey, string Value);
}
