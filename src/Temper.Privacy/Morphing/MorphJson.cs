using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The manifest of a bundle as JSON, by generated code. It comes from outside: what it does not know is refused.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, MaxDepth = 16,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BundleManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;

/// <summary>The small files beside a manifest.</summary>
[JsonSerializable(typeof(BundleSignature.Signature))]
[JsonSerializable(typeof(RowSource))]
internal sealed partial class BundleJson : JsonSerializerContext;
