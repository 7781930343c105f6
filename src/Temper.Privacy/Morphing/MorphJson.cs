using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Source-generated JSON serialization of a bundle's manifest. The manifest is untrusted, so unknown members are
/// rejected.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, MaxDepth = 16,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BundleManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;

/// <summary>Source-generated JSON serialization of the signature and of journals.</summary>
[JsonSerializable(typeof(BundleSignature.Signature))]
[JsonSerializable(typeof(RowSource))]
internal sealed partial class BundleJson : JsonSerializerContext;
