using System.Security.Cryptography;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The signature of a manifest: ECDSA P-256 with SHA-256, beside the public key. It shows that nobody changed the
/// bundle since somebody with that key made it; who that is the reader has to ask the owner, by the key's digest.
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

    /// <summary>The digest of the public key that signed.</summary>
    /// <exception cref="ModelFormatException">The signature is not that of the manifest.</exception>
    internal static string Verify(byte[] manifest, byte[] signature, string name)
    {
        try
        {
            Signature found = JsonSerializer.Deserialize(signature, BundleJson.Default.Signature)
                ?? throw new JsonException("nothing is there");
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
                name, 0, $"bundle: the signature cannot be read ({error.Message}); do not use the bundle", error);
        }

        throw new ModelFormatException(
            name, 0, "bundle: the signature is not that of the manifest; somebody changed it, do not use the bundle");
    }

    internal sealed record Signature(string PublicKey, string Value);
}
