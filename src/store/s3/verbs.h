// The verbs of ObjectStore as S3 requests, one per file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arraymorph/object_store.h"
#include "store/s3/client.h"

namespace arraymorph::store::s3 {

/// A GET of what `request` (whose range is not empty) wants, without a callback.
std::shared_ptr<Request> ask_object(const GetRequest& request);
Result<GetReply> read_got(Result<Answer> answer);

void get_object(Client& client, const GetRequest& request, Done<GetReply> done);
void put_object(Client& client, PutRequest request, Done<PutReply> done);
void head_object(Client& client, std::string key, Done<ObjectInfo> done);
void delete_objects(Client& client, std::vector<std::string> keys, DoneStatus done);
void list_objects(Client& client, const ListRequest& request, Done<ListReply> done);
void copy_object(Client& client, const std::string& from, std::string to, DoneStatus done);
void begin_upload(const std::shared_ptr<Client>& client, UploadRequest request,
                  Done<std::shared_ptr<Upload>> done);

}  // namespace arraymorph::store::s3
